# id: k3-long-minutes
# stack: keras-jax
# source: made for this set
# expect: sequence-too-long
# symptom: raises TypeError: slice slice_sizes must be less than or equal to operand shape
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
tok = keras_hub.models.BertTokenizer.from_preset(MINILM)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
minutes = [" ".join(TEXTS * 11), " ".join(TEXTS * 6)]
# %% cell
rows = [[tok.cls_token_id, *map(int, tok(doc)), tok.sep_token_id] for doc in minutes]
width = max(map(len, rows))
ids = np.zeros((len(rows), width), dtype="int32")
for n, row in enumerate(rows):
    ids[n, : len(row)] = row
enc = bert({"token_ids": ids, "segment_ids": ids * 0, "padding_mask": (ids > 0) * 1})
memory = keras.ops.convert_to_numpy(enc["pooled_output"])
# %% fixed
rows = [[tok.cls_token_id, *map(int, tok(doc)[:510]), tok.sep_token_id] for doc in minutes]
width = max(map(len, rows))
ids = np.zeros((len(rows), width), dtype="int32")
for n, row in enumerate(rows):
    ids[n, : len(row)] = row
enc = bert({"token_ids": ids, "segment_ids": ids * 0, "padding_mask": (ids > 0) * 1})
memory = keras.ops.convert_to_numpy(enc["pooled_output"])
