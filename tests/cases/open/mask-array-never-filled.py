# id: mask-array-never-filled
# stack: tf
# source: made for this set
# expect: attention-mask-all-zero
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizer.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
notes = ["patient reports a mild headache", "no fever", "blood pressure taken twice, both times within range"]
MAX_LEN = 16
# %% cell
input_ids = np.zeros((len(notes), MAX_LEN), dtype=np.int32)
attention_masks = np.zeros((len(notes), MAX_LEN), dtype=np.int32)
for i, note in enumerate(notes):
    encoded = tokenizer.encode(note, max_length=MAX_LEN, truncation=True)
    input_ids[i, :len(encoded)] = encoded

features = bert.predict({"input_ids": input_ids, "attention_mask": attention_masks}, verbose=0)
print(features["pooler_output"].shape)
# %% fixed
input_ids = np.zeros((len(notes), MAX_LEN), dtype=np.int32)
attention_masks = np.zeros((len(notes), MAX_LEN), dtype=np.int32)
for i, note in enumerate(notes):
    encoded = tokenizer.encode(note, max_length=MAX_LEN, truncation=True)
    input_ids[i, :len(encoded)] = encoded
    attention_masks[i, :len(encoded)] = 1

features = bert.predict({"input_ids": input_ids, "attention_mask": attention_masks}, verbose=0)
print(features["pooler_output"].shape)
# %% proof
right = bert(tokenizer(notes[1], return_tensors="tf")).last_hidden_state[0, 0].numpy()
assert attention_masks.sum() == 0
assert np.abs(features["last_hidden_state"][1, 0] - right).max() > 0.05
