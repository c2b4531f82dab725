# id: ok-new-head-over-old-weights
# stack: tf
# expect: none
# source: made for this set
# note: the sizes differ on purpose: a new head is asked for, and an h5 file is loaded by name with its head left out

# %% setup
import os, tempfile
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np
import tensorflow as tf, tf_keras
from transformers import TFBertForSequenceClassification, TFBertModel
from fixtures import bert_config

folder = tempfile.mkdtemp()
two = TFBertForSequenceClassification(bert_config(num_labels=2))
two(tf.constant([[101, 102]]))
two.save_pretrained(folder)

def build(units):
    ids = tf_keras.Input((12,), dtype="int32", name="input_ids")
    mask = tf_keras.Input((12,), dtype="int32", name="attention_mask")
    cls = TFBertModel(bert_config(), name="bert")(ids, attention_mask=mask).last_hidden_state[:, 0]
    return tf_keras.Model([ids, mask], tf_keras.layers.Dense(units, name="head")(cls))

# %% cell
model = TFBertForSequenceClassification.from_pretrained(folder, num_labels=4, ignore_mismatched_sizes=True)

weights = os.path.join(folder, "two.h5")
build(2).save_weights(weights)
seven = build(7)
seven.load_weights(weights, by_name=True, skip_mismatch=True)

try:
    TFBertModel.from_pretrained(os.path.join(folder, "not_there"))
except OSError:
    print("trains from scratch")

ids = np.full((2, 12), 2023)
print(seven.predict([ids, np.ones_like(ids)], verbose=0).shape)
