# id: ok-one-text-by-none
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
enc = tokenizer("is the late show sold out?")
ids = tf.constant(enc["input_ids"])          # (sequence,)
mask = tf.ones_like(ids)
question = bert(ids[None], attention_mask=tf.expand_dims(mask, 0)).pooler_output[0]

scores = []
for text in TEXTS[:3]:
    row = np.array(tokenizer.encode(text))
    vector = bert(row[np.newaxis, :]).pooler_output[0]
    scores.append(float(tf.tensordot(question, vector, 1) / (tf.norm(question) * tf.norm(vector))))
one_token = bert(tf.constant([[tokenizer.cls_token_id]])).last_hidden_state
print(scores, one_token.shape)
