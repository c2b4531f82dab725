# id: entity-markers-not-resized
# stack: tf
# source: made for this set
# expect: tokenizer-model-mismatch
# also: ids-out-of-vocabulary, head-untrained
# symptom: raises InvalidArgumentError
# %% setup
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModelForSequenceClassification
from fixtures import MINILM

relation = TFAutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=3)
triples = [("Ada", "Byron", "{} was the daughter of {}"), ("Marie", "Warsaw", "{} was born in {}")]
# %% cell
def tokenizer_with_markers(path):
    t = AutoTokenizer.from_pretrained(path)
    t.add_special_tokens({"additional_special_tokens": ["[E1]", "[/E1]", "[E2]", "[/E2]"]})
    return t

def mark(a, b, pattern):
    return pattern.format(f"[E1] {a} [/E1]", f"[E2] {b} [/E2]")

tk = tokenizer_with_markers(MINILM)
enc = tk([mark(*triple) for triple in triples], padding=True, return_tensors="tf")

probs = tf.nn.softmax(relation(enc["input_ids"], attention_mask=enc["attention_mask"]).logits, axis=-1)
print(probs.numpy().round(2))
# %% fixed
def tokenizer_with_markers(path):
    t = AutoTokenizer.from_pretrained(path)
    t.add_special_tokens({"additional_special_tokens": ["[E1]", "[/E1]", "[E2]", "[/E2]"]})
    return t

def mark(a, b, pattern):
    return pattern.format(f"[E1] {a} [/E1]", f"[E2] {b} [/E2]")

tk = tokenizer_with_markers(MINILM)
relation.resize_token_embeddings(len(tk))
enc = tk([mark(*triple) for triple in triples], padding=True, return_tensors="tf")

probs = tf.nn.softmax(relation(enc["input_ids"], attention_mask=enc["attention_mask"]).logits, axis=-1)
print(probs.numpy().round(2))
