# id: k3-yes-no-without-sigmoid
# stack: keras-torch
# source: made for this set
# expect: logits-flag-mismatch
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import torch
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
y = np.array(LABELS, dtype="float32")[:, None]
keras.utils.set_random_seed(11)
# %% cell
score = keras.layers.Dense(1, name="score")(bert.output["pooled_output"])
judge = keras.Model(bert.input, score)
judge.compile(optimizer=keras.optimizers.Adam(3e-5), loss="binary_crossentropy")
judge.fit(prep(TEXTS), y, batch_size=8, epochs=1, verbose=0)
# %% fixed
score = keras.layers.Dense(1, activation="sigmoid", name="score")(bert.output["pooled_output"])
judge = keras.Model(bert.input, score)
judge.compile(optimizer=keras.optimizers.Adam(3e-5), loss="binary_crossentropy")
judge.fit(prep(TEXTS), y, batch_size=8, epochs=1, verbose=0)
# %% proof
raw = judge.predict(prep(TEXTS), verbose=0)
assert judge.get_layer("score").activation is keras.activations.linear
assert raw.min() < 0 or raw.max() > 1
good, bad = np.array([[5.0]]), np.array([[1.0]])
one = np.array([[1.0]])
f = keras.losses.get("binary_crossentropy")
assert float(f(one, good)[0]) == float(f(one, bad)[0])
