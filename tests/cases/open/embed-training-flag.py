# id: embed-training-flag
# stack: keras-torch
# source: made for this set
# expect: training-mode-at-inference
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
import torch
# %% cell
def forward(batch, training=True):
    tensors = {k: keras.ops.convert_to_tensor(v) for k, v in batch.items()}
    return bert(tensors, training=training)["pooled_output"]


def embed(texts, size=4):
    parts = []
    with torch.no_grad():
        for start in range(0, len(texts), size):
            parts.append(keras.ops.convert_to_numpy(forward(prep(texts[start:start + size]))))
    return np.concatenate(parts)


index = embed(TEXTS)
query = embed(["a moving film"])
best = (index @ query.T).argmax()
# %% fixed
def forward(batch, training=False):
    tensors = {k: keras.ops.convert_to_tensor(v) for k, v in batch.items()}
    return bert(tensors, training=training)["pooled_output"]


def embed(texts, size=4):
    parts = []
    with torch.no_grad():
        for start in range(0, len(texts), size):
            parts.append(keras.ops.convert_to_numpy(forward(prep(texts[start:start + size]))))
    return np.concatenate(parts)


index = embed(TEXTS)
query = embed(["a moving film"])
best = (index @ query.T).argmax()
