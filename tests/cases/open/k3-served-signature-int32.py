# id: k3-served-signature-int32
# stack: keras-tensorflow
# source: made for this set
# expect: saved-model-call | dtype-mismatch
# symptom: raises InvalidArgumentError: was expected to be a int32 tensor but is a int64 tensor
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import tensorflow as tf
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
model = keras.Model(bert.input, keras.layers.Dense(2)(bert.output["pooled_output"]))
model.export("served", verbose=False)
# %% cell
served = tf.saved_model.load("served")
f = served.signatures["serving_default"]
x = prep(["beautifully shot and badly written"])
x = {name: tf.cast(value, tf.int64) for name, value in x.items()}
answer = f(**x)
probs = tf.nn.softmax(list(answer.values())[0])
# %% fixed
served = tf.saved_model.load("served")
f = served.signatures["serving_default"]
x = prep(["beautifully shot and badly written"])
x = {name: tf.cast(value, tf.int32) for name, value in x.items()}
answer = f(**x)
probs = tf.nn.softmax(list(answer.values())[0])
