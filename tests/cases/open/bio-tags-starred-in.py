# id: bio-tags-starred-in
# stack: tf
# source: made for this set
# expect: labels-not-aligned
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFBertForTokenClassification
from fixtures import MINILM, bert_config

TAGS = ["O", "PER", "LOC"]
tag2id = {t: i for i, t in enumerate(TAGS)}
corpus = [
    [("okonkwo", "PER"), ("flew", "O"), ("from", "O"), ("szczecin", "LOC"), ("to", "O"), ("lagos", "LOC")],
    [("when", "O"), ("will", "O"), ("kowalczyk", "PER"), ("leave", "O"), ("bydgoszcz", "LOC"), ("?", "O")],
    [("marta", "PER"), ("stayed", "O"), ("home", "O")],
]
tokenizer = AutoTokenizer.from_pretrained(MINILM)
tagger = TFBertForTokenClassification(bert_config(num_labels=len(TAGS)))
# %% cell
sents = [[w for w, _ in sent] for sent in corpus]
gold = [[tag2id[t] for _, t in sent] for sent in corpus]

enc = tokenizer(sents, is_split_into_words=True, padding=True, truncation=True, return_tensors="np")
width = enc["input_ids"].shape[1]

# [CLS] + the tags + padding
y = np.array([[-100, *tags, *[-100] * (width - len(tags) - 1)] for tags in gold])

tagger.compile(optimizer=tf.keras.optimizers.Adam(5e-5))
tagger.fit(dict(enc), y, batch_size=3, epochs=2, verbose=0)
# %% fixed
sents = [[w for w, _ in sent] for sent in corpus]
gold = [[tag2id[t] for _, t in sent] for sent in corpus]

enc = tokenizer(sents, is_split_into_words=True, padding=True, truncation=True, return_tensors="np")


def spread(tags, word_ids):
    seen = None
    for w in word_ids:
        yield -100 if w is None or w == seen else tags[w]
        seen = w


# the first piece of each word carries its tag
y = np.array([[*spread(tags, enc.word_ids(i))] for i, tags in enumerate(gold)])

tagger.compile(optimizer=tf.keras.optimizers.Adam(5e-5))
tagger.fit(dict(enc), y, batch_size=3, epochs=2, verbose=0)
# %% proof
words = enc.word_ids(0)
assert len([w for w in words if w is not None]) > len(gold[0])
assert any(words[p] is not None and words[p] != p - 1 and y[0, p] != -100 for p in range(1, width))
