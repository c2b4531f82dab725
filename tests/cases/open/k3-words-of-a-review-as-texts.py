# id: k3-words-of-a-review-as-texts
# stack: keras-torch
# source: made for this set
# expect: word-list-as-batch
# symptom: silent
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
review = "a small story told with great care ."
x = prep(review.split())
vector = bert.predict(x, verbose=0)["pooled_output"][0]
# %% fixed
review = "a small story told with great care ."
x = prep([review])
vector = bert.predict(x, verbose=0)["pooled_output"][0]
# %% proof
assert np.array(x["token_ids"]).shape[0] == len(review.split())
