# id: ok-registered-layer-round-trip
# stack: tf
# expect: none
# source: made for this set
# note: own layers are registered or in scope, a subclassed model is saved as .keras, and a loss is left out by compile=False

# %% setup
import os, tempfile
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np
import tensorflow as tf, tf_keras
from transformers import TFBertModel, TFBertForSequenceClassification
from fixtures import bert_config

where = tempfile.mkdtemp()

@tf_keras.saving.register_keras_serializable("reviews")
class FirstToken(tf_keras.layers.Layer):
    def call(self, hidden):
        return hidden[:, 0]

def focal(y_true, y_pred):
    return tf.reduce_mean((1 - y_pred) ** 2 * tf_keras.losses.binary_crossentropy(y_true, y_pred))

# %% cell
ids = tf_keras.Input((10,), dtype="int32")
cls = FirstToken()(TFBertModel(bert_config())(ids).last_hidden_state)
model = tf_keras.Model(ids, tf_keras.layers.Dense(1, activation="sigmoid")(cls))
model.compile("adam", loss=focal)
model.save(f"{where}/m.h5")

with tf_keras.saving.custom_object_scope({"TFBertModel": TFBertModel}):
    again = tf_keras.models.load_model(f"{where}/m.h5", compile=False)

whole = TFBertForSequenceClassification(bert_config())
whole(tf.constant([[101, 2023, 102]]))
whole.save(f"{where}/whole.keras")
whole.save_weights(f"{where}/whole.h5")

x = np.random.default_rng(1).integers(1000, 3000, (4, 10))
assert np.allclose(model.predict(x, verbose=0), again.predict(x, verbose=0), atol=1e-5)
