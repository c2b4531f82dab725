# id: ok-mean-inside-the-model
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
backbone = TFBertModel.from_pretrained(MINILM)


class SentenceEncoder(tf.keras.Model):
    """Token ids in, one unit vector a text out; the mask is made inside, from the ids."""

    def __init__(self, backbone, pad_id):
        super().__init__()
        self.backbone, self.pad_id = backbone, pad_id
        self.tags = tf.keras.layers.Dense(5, name="tags")

    def call(self, ids, training=False):
        keep = tf.not_equal(ids, self.pad_id)
        states = self.backbone(ids, attention_mask=tf.cast(keep, tf.int32), training=training).last_hidden_state
        states = tf.where(keep[..., tf.newaxis], states, 0.0)
        total = tf.reduce_sum(states, axis=1) / tf.reduce_sum(tf.cast(keep, tf.float32), axis=1, keepdims=True)
        return {"vector": tf.math.l2_normalize(total, axis=-1), "tags": self.tags(states)}


model = SentenceEncoder(backbone, tokenizer.pad_token_id)
# %% cell
ids = tokenizer(TEXTS, padding="max_length", max_length=24, return_tensors="np")["input_ids"]
answers = model.predict(ids, batch_size=4, verbose=0)
similarity = answers["vector"] @ answers["vector"].T
print(np.round(similarity[0], 2), answers["tags"].shape)
