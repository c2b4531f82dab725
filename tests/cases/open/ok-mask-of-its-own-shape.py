# id: ok-mask-of-its-own-shape
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
pairs = ["a cup of tea", "a pot of coffee", "the last train", ""]
# %% cell
# Two texts in one row that do not see each other: a mask (batch, seq, seq), and positions that start again. The last
# row only fills up the batch.
left = [tokenizer.encode(text) for text in pairs[::2]]
right = [tokenizer.encode(text) for text in pairs[1::2]]
width = max(len(a) + len(b) for a, b in zip(left, right))
ids, places = np.zeros((3, width), "int32"), np.zeros((3, width), "int32")
sees = np.zeros((3, width, width), "int32")
for row, (a, b) in enumerate(zip(left, right)):
    ids[row, : len(a) + len(b)] = a + b
    places[row, : len(a) + len(b)] = [*range(len(a)), *range(len(b))]
    sees[row, : len(a), : len(a)] = 1
    sees[row, len(a) : len(a) + len(b), len(a) : len(a) + len(b)] = 1
hidden = bert(ids, attention_mask=sees, position_ids=places).last_hidden_state
alone = bert(tokenizer(pairs[0], return_tensors="tf")).last_hidden_state[0]
print(np.abs(hidden[0, : len(left[0])] - alone).max())
