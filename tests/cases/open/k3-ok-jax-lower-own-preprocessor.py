# id: k3-ok-jax-lower-own-preprocessor
# stack: keras-jax
# source: made for this set
# expect: none
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64, max_sequence_length=64
)
# %% cell
class Cleaner(keras_hub.models.BertTextClassifierPreprocessor):
    def call(self, x, y=None, sample_weight=None):
        x = [" ".join(each.lower().split()) for each in x]
        return super().call(x, y, sample_weight)

tokenizer = keras_hub.models.BertTokenizer(vocabulary=MINILM + "/vocab.txt")
prep = Cleaner(tokenizer, sequence_length=16)
shouted = [each.upper() for each in TEXTS]
vectors = bert.predict(prep(shouted), verbose=0)["pooled_output"]
