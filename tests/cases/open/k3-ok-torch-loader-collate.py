# id: k3-ok-torch-loader-collate
# stack: keras-torch
# source: made for this set
# expect: none
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import torch
from torch.utils.data import DataLoader
from transformers import AutoTokenizer
tok = AutoTokenizer.from_pretrained(MINILM)
keras.utils.set_random_seed(0)
distil = keras_hub.models.DistilBertBackbone(
    vocabulary_size=len(tok), num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
# %% cell
def collate(samples):
    texts, marks = zip(*samples)
    enc = tok(list(texts), padding="longest", return_tensors="pt", return_token_type_ids=False)
    x = {"token_ids": enc.input_ids, "padding_mask": enc.attention_mask.bool()}
    return x, torch.nn.functional.one_hot(torch.tensor(marks), 2).float()

loader = DataLoader(list(zip(TEXTS, LABELS)), batch_size=3, shuffle=True, collate_fn=collate)
logits = keras.layers.Dense(2)(distil.output[:, distil.cls_token_index])
model = keras.Model(distil.input, logits)
model.compile(
    optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(loader, epochs=2, verbose=0)
best = model.evaluate(loader, verbose=0)
