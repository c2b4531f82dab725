# id: k3-list-order-of-own-wrapper
# stack: keras-jax
# source: made for this set
# expect: inputs-swapped
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
pre = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
ids = keras.Input((16,), dtype="int32", name="ids")
mask = keras.Input((16,), dtype="int32", name="mask")
segments = keras.Input((16,), dtype="int32", name="segments")
states = bert({"token_ids": ids, "padding_mask": mask, "segment_ids": segments})["pooled_output"]
wrapper = keras.Model([ids, mask, segments], keras.layers.Dense(2)(states))
# %% cell
tok = pre(TEXTS)
tokens, types, keep = (np.asarray(tok[k]) for k in ("token_ids", "segment_ids", "padding_mask"))
logits = wrapper.predict([tokens, types, keep], batch_size=4, verbose=0)
prediction = logits.argmax(axis=1)
# %% fixed
tok = pre(TEXTS)
tokens, types, keep = (np.asarray(tok[k]) for k in ("token_ids", "segment_ids", "padding_mask"))
logits = wrapper.predict([tokens, keep, types], batch_size=4, verbose=0)
prediction = logits.argmax(axis=1)
# %% proof
right = wrapper.predict([tokens, keep, types], batch_size=4, verbose=0)
assert np.abs(right - logits).max() > 1e-2
