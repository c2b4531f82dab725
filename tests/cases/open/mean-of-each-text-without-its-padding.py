# id: mean-of-each-text-without-its-padding
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
texts = ["short", "a text of some more words than the others", "two words"]
# %% cell
enc = tokenizer(texts, padding=True, return_tensors="tf")
hidden = bert(enc).last_hidden_state
lengths = tf.reduce_sum(enc["attention_mask"], axis=1)
ragged = tf.RaggedTensor.from_tensor(hidden, lengths=lengths)
means = tf.reduce_mean(ragged, axis=1)
# the spread of the hidden states over the whole batch, padding and all, to see whether they are centred
centre = tf.reduce_mean(hidden, axis=[0, 1])
first = np.stack([h[:n].mean(axis=0) for h, n in zip(hidden.numpy(), lengths.numpy())])
print(float(tf.norm(centre)), np.abs(first - means.numpy()).max())
