# id: k3-ok-tf-keyword-scores
# stack: keras-tensorflow
# source: made for this set
# expect: none
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
review = "the plot is thin and the cast is strong"
clf = keras_hub.models.BertTextClassifier(bert, num_classes=2, preprocessor=prep)
whole = clf.predict([review], verbose=0)[0]
words = review.split()
without = [" ".join(words[:i] + words[i + 1:]) for i in range(len(words))]
effect = whole[1] - clf.predict(without, verbose=0)[:, 1]
alone = clf.predict(words, verbose=0)[:, 1]
