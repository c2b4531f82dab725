# id: k3-minus-one-for-the-gaps
# stack: keras-jax
# source: made for this set
# expect: padding-token-wrong
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
tok = keras_hub.models.BertTokenizer.from_preset(MINILM)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
# %% cell
rows = [[tok.cls_token_id] + [int(i) for i in tok(t)] + [tok.sep_token_id] for t in TEXTS]
ids = keras.utils.pad_sequences(rows, maxlen=24, padding="post", value=-1)
batch = {
    "token_ids": ids,
    "segment_ids": np.zeros_like(ids),
    "padding_mask": (ids != tok.pad_token_id).astype("int32"),
}
vectors = bert.predict(batch, verbose=0)["pooled_output"]
# %% fixed
rows = [[tok.cls_token_id] + [int(i) for i in tok(t)] + [tok.sep_token_id] for t in TEXTS]
ids = keras.utils.pad_sequences(rows, maxlen=24, padding="post", value=tok.pad_token_id)
batch = {
    "token_ids": ids,
    "segment_ids": np.zeros_like(ids),
    "padding_mask": (ids != tok.pad_token_id).astype("int32"),
}
vectors = bert.predict(batch, verbose=0)["pooled_output"]
# %% proof
assert (ids == -1).any() and ids.max() < 30522
good = np.where(ids < 0, 0, ids)
right = bert.predict({**batch, "token_ids": good, "padding_mask": (good > 0) * 1}, verbose=0)["pooled_output"]
assert np.abs(right - vectors).max() > 0.01
