# id: ok-generator-of-batches
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
# %% cell
def forever(size, seed=0):
    rng = np.random.default_rng(seed)
    while True:
        for rows in np.array_split(rng.permutation(len(TEXTS)), len(TEXTS) // size):
            enc = tokenizer([TEXTS[i] for i in rows], padding=True, truncation=True, max_length=64, return_tensors="np")
            yield dict(enc), np.array([LABELS[i] for i in rows])

model.compile(
    optimizer=tf.keras.optimizers.Adam(3e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(forever(4), steps_per_epoch=2, epochs=2, verbose=0)
