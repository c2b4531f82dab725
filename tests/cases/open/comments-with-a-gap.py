# id: comments-with-a-gap
# stack: tf
# source: made for this set
# expect: text-not-valid
# symptom: raises TypeError: TextEncodeInput
# %% setup
import csv
import io

import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, bert_config

tok = BertTokenizerFast.from_pretrained(MINILM)
clf = TFBertForSequenceClassification(bert_config(num_labels=2))
clf.compile("adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
survey = "comment,happy\nthe staff were kind,1\n,0\nwaited an hour for a coffee,0\nlovely view of the harbour,1\n"
# %% cell
rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(io.StringIO(survey))]
comments = [row["comment"] for row in rows]
happy = np.array([int(row["happy"]) for row in rows])
batch = tok(comments, padding=True, truncation=True, return_tensors="np")
clf.fit(dict(batch), happy, batch_size=2, verbose=0)
# %% fixed
rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(io.StringIO(survey))]
rows = [row for row in rows if row["comment"] is not None]
comments = [row["comment"] for row in rows]
happy = np.array([int(row["happy"]) for row in rows])
batch = tok(comments, padding=True, truncation=True, return_tensors="np")
clf.fit(dict(batch), happy, batch_size=2, verbose=0)
