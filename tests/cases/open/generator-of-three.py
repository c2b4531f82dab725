# id: generator-of-three
# stack: tf
# source: made for this set
# expect: dataset-structure
# also: head-untrained
# symptom: raises InvalidArgumentError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification, TFBertModel, TFBertForTokenClassification, TFBertForMaskedLM
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = BertTokenizerFast.from_pretrained(MINILM)
# %% cell
def gen():
    for text, label in zip(TEXTS, LABELS):
        e = tokenizer(text, padding="max_length", max_length=24, truncation=True)
        yield e["input_ids"], e["attention_mask"], label

ds = tf.data.Dataset.from_generator(gen, output_types=(tf.int32, tf.int32, tf.int32), output_shapes=((24,), (24,), ())).batch(4)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
model.compile(optimizer=tf.keras.optimizers.Adam(3e-5), loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(ds, epochs=1, verbose=0)
# %% fixed
def gen():
    for text, label in zip(TEXTS, LABELS):
        e = tokenizer(text, padding="max_length", max_length=24, truncation=True)
        yield {"input_ids": e["input_ids"], "attention_mask": e["attention_mask"]}, label

ds = tf.data.Dataset.from_generator(gen, output_types=({"input_ids": tf.int32, "attention_mask": tf.int32}, tf.int32), output_shapes=({"input_ids": (24,), "attention_mask": (24,)}, ())).batch(4)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
model.compile(optimizer=tf.keras.optimizers.Adam(3e-5), loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(ds, epochs=1, verbose=0)
