# id: k3-missing-review-in-fit
# stack: keras-torch
# source: made for this set
# expect: text-not-valid
# symptom: raises ValueError
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64, max_sequence_length=64
)
# %% cell
frame = {"text": ["a fine day", None, "rain again", "no more of this"], "label": [1, 0, 0, 1]}
clf = keras_hub.models.BertTextClassifier(bert, num_classes=2, preprocessor=prep)
clf.compile(optimizer=keras.optimizers.Adam(2e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
clf.fit(frame["text"], np.array(frame["label"]), epochs=1, verbose=0)
# %% fixed
frame = {"text": ["a fine day", None, "rain again", "no more of this"], "label": [1, 0, 0, 1]}
kept = [t is not None for t in frame["text"]]
clf = keras_hub.models.BertTextClassifier(bert, num_classes=2, preprocessor=prep)
clf.compile(optimizer=keras.optimizers.Adam(2e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
clf.fit([t for t in frame["text"] if t is not None], np.array(frame["label"])[kept], epochs=1, verbose=0)
