# id: keras-mse-function-in-a-loop
# stack: tf
# source: made for this set
# expect: labels-shape
# also: head-untrained
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tok = BertTokenizerFast.from_pretrained(MINILM)
encoder = TFBertModel.from_pretrained(MINILM)
to_price = tf.keras.Sequential([tf.keras.layers.Dropout(0.1), tf.keras.layers.Dense(1)])
ads = ["bike, hardly used", "old sofa with stains", "piano in tune", "box of comics", "garden table", "spare tyre"]
prices = np.array([1.2, 0.3, 4.5, 0.6, 0.8, 0.2], dtype="float32")
# %% cell
opt = tf.keras.optimizers.Adam(3e-5)
data = tf.data.Dataset.from_tensor_slices((dict(tok(ads, padding=True, return_tensors="np")), prices)).batch(3)

for inputs, target in data:
    with tf.GradientTape() as tape:
        guess = to_price(encoder(inputs, training=True)[1], training=True)
        loss = tf.reduce_mean(tf.keras.losses.mean_squared_error(target, guess))
    weights = encoder.trainable_variables + to_price.trainable_variables
    opt.apply_gradients([(g, w) for g, w in zip(tape.gradient(loss, weights), weights) if g is not None])
# %% fixed
opt = tf.keras.optimizers.Adam(3e-5)
data = tf.data.Dataset.from_tensor_slices((dict(tok(ads, padding=True, return_tensors="np")), prices)).batch(3)

for inputs, target in data:
    with tf.GradientTape() as tape:
        guess = to_price(encoder(inputs, training=True)[1], training=True)
        loss = tf.reduce_mean(tf.keras.losses.mean_squared_error(target[:, None], guess))
    weights = encoder.trainable_variables + to_price.trainable_variables
    opt.apply_gradients([(g, w) for g, w in zip(tape.gradient(loss, weights), weights) if g is not None])
# %% proof
per_row = tf.keras.losses.mean_squared_error(target, guess).numpy()
right = tf.square(guess[:, 0] - target).numpy()
assert np.abs(per_row - right).max() > 1e-3
