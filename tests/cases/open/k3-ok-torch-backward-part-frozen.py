# id: k3-ok-torch-backward-part-frozen
# stack: keras-torch
# source: made for this set
# expect: none
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
import torch
prep = keras_hub.models.BertTextClassifierPreprocessor.from_preset(MINILM, sequence_length=16)
# %% cell
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
bert.token_embedding.trainable = False
for block in bert.transformer_layers[:4]:
    block.trainable = False
net = keras.Model(bert.input, keras.layers.Dense(1)(bert.output["pooled_output"]))
x = {k: torch.as_tensor(np.asarray(v)) for k, v in prep(TEXTS).items()}
gold = torch.tensor(LABELS, dtype=torch.float32)

adam = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=3e-5)
criterion = torch.nn.BCEWithLogitsLoss()
for rows in torch.randperm(len(gold)).split(4):
    out = net({k: v[rows] for k, v in x.items()}, training=True)
    loss = criterion(out.squeeze(-1), gold[rows])
    net.zero_grad()
    loss.backward()
    adam.step()
with torch.no_grad():
    prob = torch.sigmoid(net(x, training=False)).squeeze(-1).numpy()
