# id: k3-four-d-mask-habit
# stack: keras-torch
# source: made for this set
# expect: attention-mask-shape
# symptom: raises ValueError: with name 'padding_mask'
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
# %% cell
inputs = {name: keras.ops.convert_to_tensor(value) for name, value in prep(TEXTS).items()}
attend = inputs["padding_mask"]
inputs["padding_mask"] = attend[:, None, None, :]  # (batch, heads, from, to)
states = bert(inputs)["sequence_output"]
first = states[:, 0].detach().cpu().numpy()
# %% fixed
inputs = {name: keras.ops.convert_to_tensor(value) for name, value in prep(TEXTS).items()}
attend = inputs["padding_mask"]
inputs["padding_mask"] = attend
states = bert(inputs)["sequence_output"]
first = states[:, 0].detach().cpu().numpy()
