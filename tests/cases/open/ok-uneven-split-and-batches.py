# id: ok-uneven-split-and-batches
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
labels = np.array(LABELS)
# %% cell
# Seven rows train in batches of three, one row validates; each part is padded to its own longest text.
def encode(texts):
    return dict(tokenizer(texts, padding="longest", truncation=True, max_length=40, return_tensors="np"))

train, held_out = encode(TEXTS[:7]), encode(TEXTS[7:])
model.compile(
    optimizer=tf.keras.optimizers.Adam(2e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    train, labels[:7], validation_data=(held_out, labels[7:]), batch_size=3, validation_batch_size=2, epochs=2, verbose=0
)
print(sorted(history.history))
