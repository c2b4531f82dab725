# id: reload-without-the-bert-class
# stack: tf
# expect: custom-objects-missing
# symptom: raises ValueError: Unknown layer
# source: made for this set
# note: an HDF5 model with a TFBertModel inside is loaded as if Keras knew the class

# %% setup
import os, tempfile
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np
import tensorflow as tf
import tf_keras as keras
from transformers import TFBertModel
from fixtures import bert_config

path = os.path.join(tempfile.mkdtemp(), "spam.h5")
tokens = keras.layers.Input(shape=(16,), dtype=tf.int32, name="tokens")
masks = keras.layers.Input(shape=(16,), dtype=tf.int32, name="masks")
pooled = TFBertModel(bert_config())(tokens, attention_mask=masks)[1]
keras.Model([tokens, masks], keras.layers.Dense(1, activation="sigmoid")(pooled)).save(path)

# %% cell
clf = keras.models.load_model(path)
batch = np.random.default_rng(0).integers(1000, 2000, (3, 16))
print(clf.predict([batch, np.ones_like(batch)], verbose=0))

# %% fixed
clf = keras.models.load_model(path, custom_objects={"TFBertModel": TFBertModel})
batch = np.random.default_rng(0).integers(1000, 2000, (3, 16))
print(clf.predict([batch, np.ones_like(batch)], verbose=0))
