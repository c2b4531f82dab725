# id: k3-labels-for-the-gaps
# stack: keras-jax
# source: made for this set
# expect: mlm-labels-unmasked
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import tensorflow as tf
prep = keras_hub.models.BertMaskedLMPreprocessor.from_preset(MINILM, sequence_length=16, mask_selection_length=8)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=1, num_heads=2, hidden_dim=32, intermediate_dim=64
)
# %% cell
def xy(text):
    x, y, w = prep(text)
    return x, y

corpus = tf.data.Dataset.from_tensor_slices(TEXTS).batch(8).map(xy)
lm = keras_hub.models.BertMaskedLM(bert, preprocessor=None)
lm.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=keras.optimizers.Adam(5e-4),
)
lm.fit(corpus, verbose=0)
# %% fixed
def xy(text):
    x, y, w = prep(text)
    return x, y, w

corpus = tf.data.Dataset.from_tensor_slices(TEXTS).batch(8).map(xy)
lm = keras_hub.models.BertMaskedLM(bert, preprocessor=None)
lm.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=keras.optimizers.Adam(5e-4),
)
lm.fit(corpus, verbose=0)
# %% proof
x, y = next(iter(corpus))
assert (np.array(y) == 0).mean() > 0.4 and (np.array(x["mask_positions"]) == 0).mean() > 0.4
