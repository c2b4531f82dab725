# id: k3-ok-tf-hf-tokenizer-renamed
# stack: keras-tensorflow
# source: made for this set
# expect: none
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
from transformers import AutoTokenizer
hf = AutoTokenizer.from_pretrained(MINILM)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
hypotheses = ["it is good", "it is bad", "it is short", "it is long"] * 2
# %% cell
RENAME = {"input_ids": "token_ids", "token_type_ids": "segment_ids", "attention_mask": "padding_mask"}
enc = hf(TEXTS, hypotheses, padding="max_length", truncation="only_first", max_length=20)
enc = {RENAME[key]: np.asarray(value, dtype="int64") for key, value in enc.items()}
enc["padding_mask"] = enc["padding_mask"].astype("float32")
outputs = bert.predict(enc, batch_size=3, verbose=0)
cls = outputs["sequence_output"][:, 0]
np.savez("cls.npz", cls=cls)
