# id: clean-gives-words
# stack: tf
# source: made for this set
# expect: word-list-as-batch
# also: head-untrained
# symptom: silent
# %% setup
import re

import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModelForSequenceClassification
from fixtures import MINILM

sentiment = TFAutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=2)
tweet = "Honestly, the BEST concert I have been to in years!!! #nofilter"
# %% cell
!echo scoring one tweet
tok = AutoTokenizer.from_pretrained(MINILM)

def clean(t):
    t = re.sub(r"[^a-z# ]", "", t.lower())
    return [w for w in t.split(" ") if w and not w.startswith("#")]

tokens = clean(tweet)
encoded_input = tok(tokens, padding=True, return_tensors="tf")
scores = tf.nn.softmax(sentiment(encoded_input).logits)
print(f"{tweet[:20]}... is positive with {float(scores[0, 1]):.2f}")
# %% fixed
!echo scoring one tweet
tok = AutoTokenizer.from_pretrained(MINILM)

def clean(t):
    t = re.sub(r"[^a-z# ]", "", t.lower())
    return [w for w in t.split(" ") if w and not w.startswith("#")]

tokens = clean(tweet)
encoded_input = tok(tokens, is_split_into_words=True, padding=True, return_tensors="tf")
scores = tf.nn.softmax(sentiment(encoded_input).logits)
print(f"{tweet[:20]}... is positive with {float(scores[0, 1]):.2f}")
