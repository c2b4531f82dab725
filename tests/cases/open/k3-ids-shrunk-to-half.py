# id: k3-ids-shrunk-to-half
# stack: keras-tensorflow
# source: made for this set
# expect: ids-not-integer
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=32)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
corpus = TEXTS * 3
# %% cell
packed = prep(corpus)
features = {k: np.asarray(v, dtype=np.float16) for k, v in packed.items()}  # half the size on disk
np.savez_compressed("features.npz", **features)

stored = dict(np.load("features.npz"))
pooled = bert.predict(stored, batch_size=8, verbose=0)["pooled_output"]
# %% fixed
packed = prep(corpus)
features = {k: np.asarray(v, dtype=np.uint16) for k, v in packed.items()}  # half the size on disk
np.savez_compressed("features.npz", **features)

stored = dict(np.load("features.npz"))
pooled = bert.predict(stored, batch_size=8, verbose=0)["pooled_output"]
# %% proof
before, after = np.asarray(packed["token_ids"]), stored["token_ids"].astype("int32")
assert (before != after).any()
right = bert.predict(packed, batch_size=8, verbose=0)["pooled_output"]
assert np.abs(right - pooled).max() > 0.01
