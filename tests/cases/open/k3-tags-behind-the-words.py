# id: k3-tags-behind-the-words
# stack: keras-jax
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
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64, max_sequence_length=64
)

sentences = [["Wolfgang", "lives", "in", "Berlin"], ["Siobhan", "visited", "Reykjavik", "yesterday"]]
tags = [[1, 0, 0, 2], [1, 0, 2, 0]]
# %% cell
packer = keras_hub.layers.StartEndPacker(
    sequence_length=16, start_value=tok.cls_token_id, end_value=tok.sep_token_id, pad_value=tok.pad_token_id
)
ids = np.array(packer(tok([" ".join(words) for words in sentences])))
x = {"token_ids": ids, "padding_mask": ids != 0, "segment_ids": np.zeros_like(ids)}
y = np.full(ids.shape, -100)
for row, marks in enumerate(tags):
    y[row, 1:1 + len(marks)] = marks
tagger = keras.Model(bert.input, keras.layers.Dense(3)(bert.output["sequence_output"]))
tagger.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100),
    optimizer=keras.optimizers.Adam(5e-5),
)
tagger.fit(x, y, verbose=0)
# %% fixed
packer = keras_hub.layers.StartEndPacker(
    sequence_length=16, start_value=tok.cls_token_id, end_value=tok.sep_token_id, pad_value=tok.pad_token_id
)
ids = np.array(packer(tok([" ".join(words) for words in sentences])))
x = {"token_ids": ids, "padding_mask": ids != 0, "segment_ids": np.zeros_like(ids)}
y = np.full(ids.shape, -100)
for row, (words, marks) in enumerate(zip(sentences, tags)):
    at = 1
    for word, mark in zip(words, marks):
        y[row, at] = mark
        at += len(tok(word))
tagger = keras.Model(bert.input, keras.layers.Dense(3)(bert.output["sequence_output"]))
tagger.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100),
    optimizer=keras.optimizers.Adam(5e-5),
)
tagger.fit(x, y, verbose=0)
# %% proof
assert len(tok("Siobhan")) > 1 and y[1, 2] == tags[1][1]
