# id: k3-vocab-file-default-casing
# stack: keras-torch
# source: made for this set
# expect: tokenizer-casing
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
bert = keras_hub.models.BertBackbone(
    vocabulary_size=30522, num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64, max_sequence_length=64
)
# %% cell
tokenizer = keras_hub.models.BertTokenizer(vocabulary=MINILM + "/vocab.txt")
prep = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=24)
vectors = bert.predict(prep([t.capitalize() for t in TEXTS]), verbose=0)["pooled_output"]
# %% fixed
tokenizer = keras_hub.models.BertTokenizer(vocabulary=MINILM + "/vocab.txt", lowercase=True)
prep = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=24)
vectors = bert.predict(prep([t.capitalize() for t in TEXTS]), verbose=0)["pooled_output"]
# %% proof
assert tokenizer.token_to_id("[UNK]") in [int(i) for i in tokenizer(TEXTS[0].capitalize())]
