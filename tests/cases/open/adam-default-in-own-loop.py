# id: adam-default-in-own-loop
# stack: tf
# source: made for this set
# expect: learning-rate-high
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
backbone = TFBertModel.from_pretrained(MINILM)
tf.keras.utils.set_random_seed(5)
watched_kernel = backbone.bert.encoder.layer[2].attention.self_attention.value.kernel
before = watched_kernel.numpy()
# %% cell
enc = tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="tf")
data = tf.data.Dataset.from_tensor_slices((dict(enc), LABELS)).shuffle(8, seed=1).batch(4)

head = tf.keras.layers.Dense(2)
optimizer = tf.keras.optimizers.Adam()
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

@tf.function
def train_step(features, gold):
    with tf.GradientTape() as tape:
        hidden = backbone(features, training=True).last_hidden_state
        loss = cross_entropy(gold, head(hidden[:, 0]))
    variables = backbone.trainable_variables + head.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients((g, v) for g, v in zip(gradients, variables) if g is not None)
    return loss

for epoch in range(12):
    for features, gold in data:
        loss = train_step(features, gold)
# %% fixed
enc = tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="tf")
data = tf.data.Dataset.from_tensor_slices((dict(enc), LABELS)).shuffle(8, seed=1).batch(4)

head = tf.keras.layers.Dense(2)
optimizer = tf.keras.optimizers.Adam(learning_rate=3e-5)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

@tf.function
def train_step(features, gold):
    with tf.GradientTape() as tape:
        hidden = backbone(features, training=True).last_hidden_state
        loss = cross_entropy(gold, head(hidden[:, 0]))
    variables = backbone.trainable_variables + head.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients((g, v) for g, v in zip(gradients, variables) if g is not None)
    return loss

for epoch in range(12):
    for features, gold in data:
        loss = train_step(features, gold)
# %% proof
# 24 steps moved weights further than 24 steps at 3e-5 can, many times over: about a rate in each step.
after = watched_kernel.numpy()
assert float(np.abs(after - before).max()) > 5 * 24 * 3e-5
moved = float(np.sqrt(((after - before) ** 2).mean() / (before**2).mean()))
assert moved > 0.05, moved
