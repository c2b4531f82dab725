# id: own-loop-flag
# stack: tf
# source: made for this set
# expect: logits-flag-mismatch
# also: head-untrained
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
# %% cell
enc = tokenizer(TEXTS, padding=True, return_tensors="tf")
data = tf.data.Dataset.from_tensor_slices((dict(enc), LABELS)).batch(4)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy()
adam = tf.keras.optimizers.Adam(3e-5)
for x, y in data:
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True).logits)
    grads = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(grads, model.trainable_variables))
# %% fixed
enc = tokenizer(TEXTS, padding=True, return_tensors="tf")
data = tf.data.Dataset.from_tensor_slices((dict(enc), LABELS)).batch(4)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
adam = tf.keras.optimizers.Adam(3e-5)
for x, y in data:
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True).logits)
    grads = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(grads, model.trainable_variables))
