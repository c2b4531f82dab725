# id: k3-average-of-64-columns
# stack: keras-tensorflow
# source: made for this set
# expect: pooling-over-padding
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=64)
backbone = keras_hub.models.BertBackbone.from_preset(MINILM)
# %% cell
sentence = keras.layers.GlobalAveragePooling1D(name="sentence")(backbone.output["sequence_output"])
embedder = keras.Model(inputs=backbone.input, outputs=sentence)

vectors = embedder.predict(prep(TEXTS), verbose=0)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
similarity = vectors @ vectors.T
# %% fixed
sentence = keras.layers.GlobalAveragePooling1D(name="sentence")(
    backbone.output["sequence_output"], mask=backbone.input["padding_mask"]
)
embedder = keras.Model(inputs=backbone.input, outputs=sentence)

vectors = embedder.predict(prep(TEXTS), verbose=0)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
similarity = vectors @ vectors.T
# %% proof
x = prep(TEXTS)
h = backbone.predict(x, verbose=0)["sequence_output"]
m = np.array(x["padding_mask"]).astype("float32")[..., None]
right = (h * m).sum(1) / m.sum(1)
right /= np.linalg.norm(right, axis=1, keepdims=True)
assert np.abs(right @ right.T - similarity).max() > 0.1
