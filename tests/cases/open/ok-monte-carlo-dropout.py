# id: ok-monte-carlo-dropout
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
triage = TFBertForSequenceClassification.from_pretrained(MINILM, num_labels=3)
notes = ["chest pain since this morning", "renewal of a prescription", "fever and a rash", "form for the school"]
data = tf.data.Dataset.from_tensor_slices(dict(tokenizer(notes, padding=True, return_tensors="np"))).batch(2)
# %% cell
def sample(batch, times=6):
    draws = [tf.nn.softmax(triage(batch, training=True).logits) for _ in range(times)]
    return tf.stack(draws)

spread = []
for batch in data:
    draws = sample(batch)
    spread.append(tf.reduce_mean(tf.math.reduce_std(draws, axis=0), axis=-1))

uncertain = tf.concat(spread, axis=0).numpy()
print([notes[i] for i in np.argsort(-uncertain)[:2]])
