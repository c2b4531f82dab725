# id: ok-turns-joined-by-sep
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizer.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
chats = [
    (["hello", "my parcel never came"], "could you give me the order number"),
    (["is the shop open", "yes until nine", "on sundays too"], ""),
    (["i want my money back"], "of course, within thirty days"),
]
# %% cell
history = [f" {tokenizer.sep_token} ".join(turns) for turns, _ in chats]
replies = [reply for _, reply in chats]
enc = tokenizer(history, text_pair=replies, padding=True, truncation="only_first", max_length=48, return_tensors="tf")
print(tokenizer.batch_decode(enc["input_ids"]))
separators = tf.reduce_sum(tf.cast(enc["input_ids"] == tokenizer.sep_token_id, tf.int32), axis=1)
vectors = bert(dict(enc)).last_hidden_state[:, 0]
print(separators.numpy(), vectors.shape)
