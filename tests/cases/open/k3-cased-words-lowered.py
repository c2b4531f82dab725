# id: k3-cased-words-lowered
# stack: keras-jax
# source: made for this set
# expect: tokenizer-casing
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
words = ["Rain", "Bergen", "Norway", "Anna", "Oslo", "River", "London", "Monday", "April", "Mr", "Dr", "Peter"]
base = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", ".", "!", "in", "is", "the", "of", "to", "and"]
letters = [c for c in "abcdefghijklmnopqrstuvwxyz"] + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"]
caps = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
vocabulary = base + words + letters + caps
news = ["Rain in Bergen and Oslo", "Anna is in London", "Peter to the River in April", "Dr Monday of Norway"]
bert = keras_hub.models.BertBackbone(
    vocabulary_size=len(vocabulary), num_layers=2, num_heads=2, hidden_dim=32, intermediate_dim=64
)
# %% cell
tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
prep = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=24)
clf = keras_hub.models.BertTextClassifier(bert, num_classes=2, preprocessor=prep)
clf.compile(optimizer=keras.optimizers.Adam(2e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
clf.fit(np.array(news), np.array([0, 1, 1, 0]), epochs=1, verbose=0)
# %% fixed
tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=False)
prep = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=24)
clf = keras_hub.models.BertTextClassifier(bert, num_classes=2, preprocessor=prep)
clf.compile(optimizer=keras.optimizers.Adam(2e-5), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
clf.fit(np.array(news), np.array([0, 1, 1, 0]), epochs=1, verbose=0)
# %% proof
assert "Bergen" in vocabulary
assert [tokenizer.id_to_token(int(i)) for i in tokenizer("Bergen")] != ["Bergen"]
