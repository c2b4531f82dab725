# id: k3-all-in-one-dict-loader
# stack: keras-torch
# source: made for this set
# expect: dataset-structure
# symptom: raises ValueError
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import torch
from torch.utils.data import DataLoader, Dataset
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)

class Reviews(Dataset):
    def __init__(self, texts, labels):
        self.x = {k: np.asarray(v) for k, v in prep(texts).items()}
        self.y = labels

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {**{k: v[i] for k, v in self.x.items()}, "labels": self.y[i]}
# %% cell
loader = DataLoader(Reviews(TEXTS, LABELS), batch_size=4, shuffle=True)
clf = keras.Model(bert.input, keras.layers.Dense(2)(bert.output["pooled_output"]))
clf.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer=keras.optimizers.Adam(5e-5)
)
clf.fit(loader, epochs=1, verbose=0)
# %% fixed
def split(items):
    batch = torch.utils.data.default_collate(items)
    return batch, batch.pop("labels")

loader = DataLoader(Reviews(TEXTS, LABELS), batch_size=4, shuffle=True, collate_fn=split)
clf = keras.Model(bert.input, keras.layers.Dense(2)(bert.output["pooled_output"]))
clf.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer=keras.optimizers.Adam(5e-5)
)
clf.fit(loader, epochs=1, verbose=0)
