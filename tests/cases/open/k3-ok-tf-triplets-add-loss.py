# id: k3-ok-tf-triplets-add-loss
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
class Triplets(keras.Model):
    def __init__(self, encoder, margin=0.2):
        super().__init__()
        self.encoder, self.margin = encoder, margin

    def embed(self, x):
        vec = self.encoder(x)["pooled_output"]
        return vec / keras.ops.norm(vec, axis=-1, keepdims=True)

    def call(self, x):
        anchor, near, far = (self.embed(x[k]) for k in ("anchor", "near", "far"))
        gap = keras.ops.sum(anchor * far, -1) - keras.ops.sum(anchor * near, -1) + self.margin
        self.add_loss(keras.ops.mean(keras.ops.relu(gap)))
        return anchor

model = Triplets(bert)
model.compile(optimizer=keras.optimizers.Adam(2e-5))
model.fit({"anchor": prep(TEXTS), "near": prep(TEXTS[2:] + TEXTS[:2]), "far": prep(TEXTS[::-1])}, batch_size=4, verbose=0)
