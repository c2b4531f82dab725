# id: ok-tokenizer-in-py-function
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
model.compile(tf.keras.optimizers.Adam(5e-5), loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
# %% cell
def encode(texts):
    enc = tokenizer([each.decode() for each in texts.numpy()], padding="max_length", truncation=True, max_length=16)
    return enc["input_ids"], enc["attention_mask"]

def to_inputs(texts, labels):
    ids, mask = tf.py_function(encode, [texts], [tf.int32, tf.int32])
    ids.set_shape([None, 16])
    mask.set_shape([None, 16])
    return {"input_ids": ids, "attention_mask": mask}, labels

ds = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(4).map(to_inputs)
model.fit(ds, epochs=1, verbose=0)
