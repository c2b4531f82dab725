# id: words-joined-without-cls
# stack: tf
# source: made for this set
# expect: special-tokens-missing
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel
from fixtures import MINILM

tok = AutoTokenizer.from_pretrained(MINILM)
encoder = TFAutoModel.from_pretrained(MINILM)
titles = ["how to prune an apple tree", "apple announces a new tablet", "the best trees for a small garden"]
# %% cell
rows = [tok.convert_tokens_to_ids(tok.tokenize(title)) for title in titles]
longest = max(map(len, rows))
ids = np.array([row + [tok.pad_token_id] * (longest - len(row)) for row in rows])
mask = (ids != tok.pad_token_id).astype("int32")

cls = encoder(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0, :]
cls = tf.math.l2_normalize(cls, axis=1)
print(tf.matmul(cls, cls, transpose_b=True).numpy().round(2))
# %% fixed
rows = [tok.build_inputs_with_special_tokens(tok.convert_tokens_to_ids(tok.tokenize(title))) for title in titles]
longest = max(map(len, rows))
ids = np.array([row + [tok.pad_token_id] * (longest - len(row)) for row in rows])
mask = (ids != tok.pad_token_id).astype("int32")

cls = encoder(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0, :]
cls = tf.math.l2_normalize(cls, axis=1)
print(tf.matmul(cls, cls, transpose_b=True).numpy().round(2))
# %% proof
right = tf.math.l2_normalize(encoder(**tok(titles, padding=True, return_tensors="tf")).last_hidden_state[:, 0], axis=1)
assert tok.cls_token_id not in ids
assert np.abs(tf.matmul(cls, cls, transpose_b=True) - tf.matmul(right, right, transpose_b=True)).max() > 0.02
