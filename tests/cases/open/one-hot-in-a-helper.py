# id: one-hot-in-a-helper
# stack: tf
# source: made for this set
# expect: loss-mismatch
# also: labels-shape, head-untrained
# symptom: raises ValueError: must equal `logits.shape` except for the last dimension
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel(bert_config())
moods = ["glad", "bored", "glad", "cross", "bored", "glad", "bored", "cross"]
# %% cell
KINDS = sorted(set(moods))

def targets(names):
    return tf.one_hot([KINDS.index(n) for n in names], depth=len(KINDS))

head = tf.keras.layers.Dense(len(KINDS))
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(2e-5)

batch = tokenizer(TEXTS, padding="longest", return_tensors="tf")
y_true = targets(moods)

with tf.GradientTape() as tape:
    y_pred = head(bert(**batch, training=True).pooler_output)
    loss = loss_object(y_true, y_pred)
variables = bert.trainable_variables + head.trainable_variables
optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
# %% fixed
KINDS = sorted(set(moods))

def targets(names):
    return tf.one_hot([KINDS.index(n) for n in names], depth=len(KINDS))

head = tf.keras.layers.Dense(len(KINDS))
loss_object = tf.keras.losses.CategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(2e-5)

batch = tokenizer(TEXTS, padding="longest", return_tensors="tf")
y_true = targets(moods)

with tf.GradientTape() as tape:
    y_pred = head(bert(**batch, training=True).pooler_output)
    loss = loss_object(y_true, y_pred)
variables = bert.trainable_variables + head.trainable_variables
optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
