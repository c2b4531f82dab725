# id: k3-one-column-for-three-moods
# stack: keras-torch
# source: made for this set
# expect: regression-head-for-classes
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
moods = ["angry", "happy", "sad", "happy", "angry", "sad", "sad", "happy"]
# %% cell
names = sorted(set(moods))
targets = np.array([names.index(m) for m in moods])
clf = keras_hub.models.BertTextClassifier(bert, num_classes=1, preprocessor=prep)
clf.compile(optimizer=keras.optimizers.Adam(5e-5), loss="mse")
clf.fit(TEXTS, targets, batch_size=4, epochs=1, verbose=0)
mood = [names[int(k)] for k in clf.predict(TEXTS, verbose=0).argmax(-1)]
# %% fixed
names = sorted(set(moods))
targets = np.array([names.index(m) for m in moods])
clf = keras_hub.models.BertTextClassifier(bert, num_classes=len(names), preprocessor=prep)
clf.compile(optimizer=keras.optimizers.Adam(5e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
clf.fit(TEXTS, targets, batch_size=4, epochs=1, verbose=0)
mood = [names[int(k)] for k in clf.predict(TEXTS, verbose=0).argmax(-1)]
# %% proof
assert set(mood) == {"angry"} and len(names) == 3
