# id: ok-roberta-positions-by-hand
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import RobertaTokenizerFast, TFRobertaModel
from fixtures import TEXTS, roberta_config, roberta_folder

tokenizer = RobertaTokenizerFast.from_pretrained(roberta_folder())
roberta = TFRobertaModel(roberta_config())
# %% cell
enc = tokenizer(TEXTS, padding=True, truncation=True, max_length=128, return_tensors="tf")
ids = enc["input_ids"]                                   # filled up with 1, RoBERTa's <pad>
mask = tf.cast(ids != tokenizer.pad_token_id, tf.int32)
positions = tf.cumsum(mask, axis=1) * mask + tokenizer.pad_token_id   # 2, 3, ... on text and 1 on padding

by_hand = roberta(ids, attention_mask=mask, position_ids=positions)[0]
by_itself = roberta(ids, attention_mask=mask)[0]
print(np.abs(by_hand - by_itself).max())
