# id: ok-bool-mask-on-a-square-batch
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizer.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
dishes = ["soup", "fish and chips", "bread with butter", "green salad", "rice", "apple pie and cream"]
# %% cell
# Six rows of six tokens: the mask's two axes are as long as each other.
rows = [tokenizer.encode(dish, truncation=True, max_length=6) for dish in dishes]
lengths = [len(row) for row in rows]
ids = tf.ragged.constant(rows, dtype=tf.int32).to_tensor(tokenizer.pad_token_id, shape=(None, 6))
mask = tf.sequence_mask(lengths, maxlen=6)   # bool, (batch, sequence)
hidden = bert(ids, attention_mask=mask).last_hidden_state

keep = tf.cast(mask, hidden.dtype)[:, :, tf.newaxis]
vectors = tf.reduce_sum(hidden * keep, axis=1) / tf.reduce_sum(keep, axis=1)
first = bert(ids[:1], attention_mask=mask[:1]).last_hidden_state   # one row, (1, 6)
print(vectors.shape, first.shape)
