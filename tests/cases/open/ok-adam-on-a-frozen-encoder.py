# id: ok-adam-on-a-frozen-encoder
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = TFAutoModel.from_pretrained(MINILM)
y = np.array(LABELS)
# %% cell
enc = dict(tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="np"))


class Probe(tf.keras.Model):
    """A linear probe on mean-pooled sentence vectors; no gradient goes into the encoder."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert
        self.out = tf.keras.layers.Dense(1)

    def call(self, inputs, training=False):
        hidden = tf.stop_gradient(self.bert(inputs, training=False).last_hidden_state)
        keep = tf.cast(inputs["attention_mask"][..., None], hidden.dtype)
        return self.out(tf.reduce_sum(hidden * keep, 1) / tf.reduce_sum(keep, 1))


probe = Probe(encoder)
probe.compile("adam", tf.keras.losses.BinaryCrossentropy(from_logits=True))
probe.fit(enc, y, epochs=2, verbose=0)

# Second stage: the encoder too, warmed up to a small rate by a callback.
tuned = tf.keras.Sequential([tf.keras.layers.Dense(1)])
ids = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask = tf.keras.Input((None,), dtype="int32", name="attention_mask")
whole = tf.keras.Model([ids, mask], tuned(encoder(ids, attention_mask=mask).pooler_output))
whole.compile(tf.keras.optimizers.Adam(), tf.keras.losses.BinaryCrossentropy(from_logits=True))
warm_up = tf.keras.callbacks.LearningRateScheduler(lambda epoch, rate: min(2e-5, 1e-5 * (epoch + 1)))
whole.fit([enc["input_ids"], enc["attention_mask"]], y, epochs=3, batch_size=4, verbose=0, callbacks=[warm_up])
