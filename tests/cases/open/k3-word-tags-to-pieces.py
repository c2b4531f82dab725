# id: k3-word-tags-to-pieces
# stack: keras-torch
# source: made for this set
# expect: labels-not-aligned
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
tok = keras_hub.models.BertTokenizer.from_preset(MINILM)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
words = [["Zofia", "lives", "in", "Wroclaw"], ["Mehmet", "met", "Siobhan", "today"]]
tags = np.array([[1, 0, 0, 2], [1, 0, 1, 0]])
# %% cell
pack = keras_hub.layers.MultiSegmentPacker(
    sequence_length=14, start_value=tok.cls_token_id, end_value=tok.sep_token_id, pad_value=tok.pad_token_id
)
ids, seg = pack(tok([" ".join(row) for row in words]))
ids = np.asarray(ids)
x = {"token_ids": ids, "segment_ids": np.asarray(seg), "padding_mask": ids != 0}
y = np.pad(tags, [(0, 0), (1, 14 - 1 - tags.shape[1])])

tagger = keras.Model(bert.input, keras.layers.Dense(3, activation="softmax")(bert.output["sequence_output"]))
tagger.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.AdamW(5e-5))
tagger.fit(x, y, sample_weight=(ids != 0).astype("float32"), epochs=1, verbose=0)
# %% fixed
pack = keras_hub.layers.MultiSegmentPacker(
    sequence_length=14, start_value=tok.cls_token_id, end_value=tok.sep_token_id, pad_value=tok.pad_token_id
)
ids, seg = pack(tok([" ".join(row) for row in words]))
ids = np.asarray(ids)
x = {"token_ids": ids, "segment_ids": np.asarray(seg), "padding_mask": ids != 0}
y, first = np.zeros(ids.shape, int), np.zeros(ids.shape, "float32")
for r, row in enumerate(words):
    at = 1
    for word, tag in zip(row, tags[r]):
        y[r, at], first[r, at] = tag, 1.0
        at += len(tok(word))

tagger = keras.Model(bert.input, keras.layers.Dense(3, activation="softmax")(bert.output["sequence_output"]))
tagger.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.AdamW(5e-5))
tagger.fit(x, y, sample_weight=first, epochs=1, verbose=0)
# %% proof
lengths = [len(tok(w)) for w in words[0]]
assert sum(lengths) > 4 and y[0, 4] == 2 and 4 < 1 + sum(lengths[:3])
