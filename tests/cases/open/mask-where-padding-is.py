# id: mask-where-padding-is
# stack: tf
# source: made for this set
# expect: attention-mask-inverted
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
queries = ["train to lyon", "is there a night train from lyon to milan in the winter", "milan hotels"]
# %% cell
# MultiHeadAttention of torch wants True at the padding
key_padding_mask = lambda t: tf.cast(tf.equal(t, tokenizer.pad_token_id), tf.int32)

batch = tokenizer(queries, padding="longest", return_attention_mask=False, return_tensors="tf")
states = bert(batch["input_ids"], attention_mask=key_padding_mask(batch["input_ids"]))[0]
print(states[:, 0, :4])
# %% fixed
key_mask = lambda t: tf.cast(tf.not_equal(t, tokenizer.pad_token_id), tf.int32)

batch = tokenizer(queries, padding="longest", return_attention_mask=False, return_tensors="tf")
states = bert(batch["input_ids"], attention_mask=key_mask(batch["input_ids"]))[0]
print(states[:, 0, :4])
# %% proof
alone = bert(tokenizer(queries[0], return_tensors="tf"))[0][0, 0].numpy()
assert np.abs(states[0, 0].numpy() - alone).max() > 0.05
