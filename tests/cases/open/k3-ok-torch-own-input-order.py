# id: k3-ok-torch-own-input-order
# stack: keras-torch
# source: made for this set
# expect: none
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.DistilBertTextClassifierPreprocessor(
    keras_hub.models.DistilBertTokenizer(vocabulary=MINILM + "/vocab.txt"), sequence_length=16
)
distil = keras_hub.models.DistilBertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
# %% cell
keep = keras.Input((None,), dtype="bool", name="keep")
length = keras.Input((1,), name="length")
wordpieces = keras.Input((None,), dtype="int64", name="wordpieces")
h = distil({"padding_mask": keep, "token_ids": wordpieces})
top = keras.layers.GlobalMaxPooling1D()(keras.ops.where(keep[..., None], h, -1e9))
top = keras.layers.Concatenate()([top, length])
model = keras.Model([keep, length, wordpieces], keras.layers.Dense(1, activation="sigmoid")(top))
model.compile(keras.optimizers.RMSprop(1e-3), "binary_crossentropy")

batch = prep(TEXTS)
keep_rows = np.asarray(batch["padding_mask"])
log_len = np.log(keep_rows.sum(1, keepdims=True))
model.fit([keep_rows, log_len, np.asarray(batch["token_ids"])], np.array(LABELS)[:, None], batch_size=4, verbose=0)
