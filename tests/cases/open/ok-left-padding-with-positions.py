# id: ok-left-padding-with-positions
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM, padding_side="left")
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
enc = tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="np")
ids, mask = enc["input_ids"], enc["attention_mask"]
positions = np.maximum(mask.cumsum(axis=1) - 1, 0)   # [CLS] is at 0 wherever it stands
hidden = bert(ids, attention_mask=mask, position_ids=positions).last_hidden_state
vectors = tf.gather(hidden, mask.argmax(axis=1), batch_dims=1)

alone = bert(tokenizer(TEXTS[0], return_tensors="tf")["input_ids"]).last_hidden_state[0, 0]
print(float(tf.reduce_max(tf.abs(vectors[0] - alone))))
