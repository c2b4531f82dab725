# id: k3-weights-of-the-wider-one
# stack: keras-torch
# source: made for this set
# expect: checkpoint-shape-mismatch
# symptom: raises ValueError: must match. variable.shape=(512, 32)
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
def build(width, vocab=30522):
    bb = keras_hub.models.DistilBertBackbone(
        vocabulary_size=vocab, num_layers=2, num_heads=2, hidden_dim=width, intermediate_dim=64
    )
    return keras.Model(bb.input, keras.layers.Dense(2)(bb.output[:, 0]))

teacher = build(48)
teacher.save_weights("teacher.weights.h5")
prep = keras_hub.models.DistilBertTextClassifierPreprocessor(
    keras_hub.models.DistilBertTokenizer(vocabulary=MINILM + "/vocab.txt"), sequence_length=16
)
# %% cell
student = build(32)
student.load_weights("teacher.weights.h5")
logits = student.predict(prep(TEXTS), verbose=0)
# %% fixed
student = build(48)
student.load_weights("teacher.weights.h5")
logits = student.predict(prep(TEXTS), verbose=0)
