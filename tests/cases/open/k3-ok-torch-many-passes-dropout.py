# id: k3-ok-torch-many-passes-dropout
# stack: keras-torch
# source: made for this set
# expect: none
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
clf = keras_hub.models.BertTextClassifier.from_preset(MINILM, num_classes=2, preprocessor=prep, dropout=0.2)
# %% cell
clf.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer=keras.optimizers.AdamW(2e-5)
)
clf.fit(np.array(TEXTS), np.array(LABELS), batch_size=8, verbose=0)

x = prep(TEXTS[:2])
passes = [keras.ops.softmax(clf(x, training=True)) for _ in range(8)]
passes = np.stack([p.detach().numpy() for p in passes])
mean, uncertainty = passes.mean(0), passes.std(0)
