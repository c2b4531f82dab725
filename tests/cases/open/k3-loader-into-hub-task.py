# id: k3-loader-into-hub-task
# stack: keras-torch
# source: made for this set
# expect: container-unsupported
# symptom: raises ValueError: with an unsupported type (<class 'torch.utils.data.dataloader.DataLoader'>)
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import torch
from torch.utils.data import DataLoader, TensorDataset
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
x = prep(TEXTS)
rows = TensorDataset(*(torch.tensor(np.asarray(x[k])) for k in sorted(x)), torch.tensor(LABELS))
# %% cell
def collate(items):
    pads, segs, toks, ys = map(torch.stack, zip(*items))
    return {"token_ids": toks, "segment_ids": segs, "padding_mask": pads}, ys

loader = DataLoader(rows, batch_size=4, collate_fn=collate)
clf = keras_hub.models.BertTextClassifier.from_preset(MINILM, num_classes=2, preprocessor=None)
clf.compile(
    optimizer=keras.optimizers.AdamW(3e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
clf.fit(loader, epochs=1, verbose=0)
# %% fixed
def collate(items):
    pads, segs, toks, ys = map(torch.stack, zip(*items))
    return {"token_ids": toks, "segment_ids": segs, "padding_mask": pads}, ys

loader = DataLoader(rows, batch_size=4, collate_fn=collate)
clf = keras_hub.models.BertTextClassifier.from_preset(MINILM, num_classes=2, preprocessor=None)
clf.compile(
    optimizer=keras.optimizers.AdamW(3e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
for xb, yb in loader:
    clf.train_on_batch(xb, yb)
