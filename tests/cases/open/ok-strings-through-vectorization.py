# id: ok-strings-through-vectorization
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
words = [word for word, index in sorted(tokenizer.vocab.items(), key=lambda item: item[1])]
table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(words, np.arange(len(words), dtype="int64")), 100)

class Ids(tf.keras.layers.Layer):
    """Whole words to BERT's ids, inside the graph."""

    def call(self, texts):
        ids = table.lookup(tf.strings.split(tf.strings.regex_replace(texts, "[,.]", "")))
        ends = tf.ones([tf.shape(texts)[0], 1], tf.int64)
        return tf.cast(tf.concat([101 * ends, ids, 102 * ends], axis=1).to_tensor(), tf.int32)

texts_in = tf.keras.Input((), dtype="string", name="review")
ids = Ids()(texts_in)
hidden = bert(ids, attention_mask=tf.cast(ids != 0, tf.int32)).last_hidden_state
model = tf.keras.Model(texts_in, tf.keras.layers.Dense(1, activation="sigmoid")(hidden[:, 0]))
model.compile(tf.keras.optimizers.Adam(2e-5), "binary_crossentropy")
model.fit(np.array(TEXTS, dtype=object), np.array(LABELS, dtype="float32"), batch_size=4, verbose=0)
