# id: k3-ok-torch-step-masks-itself
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

bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64, max_sequence_length=64
)
# %% cell
class Pretrainer(keras.Model):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.head = keras_hub.layers.MaskedLMHead(
            vocabulary_size=30522, token_embedding=backbone.token_embedding, intermediate_activation="gelu"
        )
        self.seen = keras.metrics.Mean(name="loss")

    def call(self, x):
        return self.backbone(x)["sequence_output"]

    def train_step(self, x):
        ids = x["token_ids"]
        chosen = (torch.rand(ids.shape) < 0.15) & (ids > 103)
        where = torch.arange(4).repeat(ids.shape[0], 1) + 1
        hidden = self({**x, "token_ids": torch.where(chosen, 103, ids)}, training=True)
        logits = self.head(hidden, mask_positions=where)
        loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(
            keras.ops.take_along_axis(ids, where, axis=1), logits, from_logits=True))
        self.zero_grad()
        loss.backward()
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in self.trainable_weights], self.trainable_weights)
        self.seen.update_state(loss.detach())
        return {"loss": self.seen.result()}

model = Pretrainer(bert)
model.compile(optimizer=keras.optimizers.AdamW(5e-5))
model.fit(prep(TEXTS), batch_size=4, epochs=1, verbose=0)
