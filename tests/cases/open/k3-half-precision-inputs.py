# id: k3-half-precision-inputs
# stack: keras-jax
# source: made for this set
# expect: input-layer-dtype
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
# %% cell
keras.config.set_floatx("bfloat16")
words = keras.Input(shape=(16,), name="words")
kinds = keras.Input(shape=(16,), name="kinds")
valid = keras.Input(shape=(16,), name="valid")
hidden = bert({"token_ids": words, "segment_ids": kinds, "padding_mask": valid})["sequence_output"]
vector = keras.layers.Lambda(lambda t: t[:, 0])(hidden)
encode = keras.Model([words, kinds, valid], vector)

x = prep(TEXTS)
z = encode.predict([np.asarray(x[k]) for k in ("token_ids", "segment_ids", "padding_mask")], verbose=0)
# %% fixed
keras.config.set_floatx("bfloat16")
words = keras.Input(shape=(16,), dtype="int32", name="words")
kinds = keras.Input(shape=(16,), dtype="int32", name="kinds")
valid = keras.Input(shape=(16,), dtype="int32", name="valid")
hidden = bert({"token_ids": words, "segment_ids": kinds, "padding_mask": valid})["sequence_output"]
vector = keras.layers.Lambda(lambda t: t[:, 0])(hidden)
encode = keras.Model([words, kinds, valid], vector)

x = prep(TEXTS)
z = encode.predict([np.asarray(x[k]) for k in ("token_ids", "segment_ids", "padding_mask")], verbose=0)
# %% proof
right = bert.predict(x, verbose=0)["sequence_output"][:, 0]
assert np.abs(z.astype("float32") - right.astype("float32")).max() > 0.1
