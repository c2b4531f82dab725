# id: columns-kept
# stack: keras-jax
# source: made for this set
# expect: input-missing
# symptom: raises ValueError
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
# %% cell
KEEP = ["token_ids", "padding_mask"]    # one sentence each: no segments

packed = prep(TEXTS)
columns = {}
for name in KEEP:
    columns[name] = np.asarray(packed[name])

probe = keras.Model(inputs=bert.input, outputs=bert.output["pooled_output"])

train, test = ({k: v[s] for k, v in columns.items()} for s in (slice(0, 6), slice(6, None)))
z_train = probe.predict(train, verbose=0)
z_test = probe.predict(test, verbose=0)
# %% fixed
KEEP = ["token_ids", "padding_mask", "segment_ids"]

packed = prep(TEXTS)
columns = {}
for name in KEEP:
    columns[name] = np.asarray(packed[name])

probe = keras.Model(inputs=bert.input, outputs=bert.output["pooled_output"])

train, test = ({k: v[s] for k, v in columns.items()} for s in (slice(0, 6), slice(6, None)))
z_train = probe.predict(train, verbose=0)
z_test = probe.predict(test, verbose=0)
