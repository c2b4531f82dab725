# id: k3-ok-jax-step-counts-from-one
# stack: keras-jax
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
stars = np.array([1, 2, 3, 1, 2, 3, 3, 1])
# %% cell
class Stars(keras.Model):

    def compute_loss_and_updates(
        self, trainable_variables, non_trainable_variables, metrics_variables, x, y, sample_weight,
        training=False, optimizer_variables=None
    ):
        return super().compute_loss_and_updates(
            trainable_variables, non_trainable_variables, metrics_variables, x, y - 1, sample_weight,
            training=training, optimizer_variables=optimizer_variables
        )


inputs = bert.input
outputs = keras.layers.Dense(3)(bert.output["pooled_output"])
model = Stars(inputs, outputs)
model.compile(optimizer=keras.optimizers.Adam(5e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(prep(TEXTS), stars, batch_size=4, epochs=1, verbose=0)
