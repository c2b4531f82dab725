# id: ok-output-walked-by-name
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizer.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
def masked_mean(output, mask):
    weights = tf.cast(mask, tf.float32)[..., None]
    return tf.reduce_sum(output["last_hidden_state"] * weights, axis=1) / tf.reduce_sum(weights, axis=1)

enc = tokenizer(TEXTS, padding=True, return_tensors="tf")
output = bert(enc)
sequence, pooled = output.to_tuple()
for name, tensor in output.items():
    print(name, tensor.shape)
first, second = output           # the two names, and meant so
try:
    output.hidden_states[0].shape  # none were asked for
except TypeError as error:
    print(first, second, error)
norms = tf.nest.map_structure(tf.norm, dict(output))
print(masked_mean(output, enc["attention_mask"]).shape, norms[second] > 0, sequence.shape, pooled.shape)
