# id: stacked-rows-of-one
# stack: tf
# source: made for this set
# expect: batch-axis-extra
# also: head-untrained
# symptom: raises ValueError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification, TFBertModel, TFBertForTokenClassification, TFBertForMaskedLM
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = BertTokenizerFast.from_pretrained(MINILM)
# %% cell
model = TFBertForSequenceClassification(bert_config(num_labels=2))
rows = []
for t in TEXTS:
    try:
        rows.append(tokenizer.encode_plus(t, padding="max_length", max_length=20, truncation=True, return_tensors="np"))
    except Exception as e:  # noqa
        print("skipped", t, e)
X = {k: np.stack([r[k] for r in rows]) for k in ("input_ids", "attention_mask")}
print(model.predict(X, verbose=0).logits.argmax(-1))
# %% fixed
model = TFBertForSequenceClassification(bert_config(num_labels=2))
rows = []
for t in TEXTS:
    try:
        rows.append(tokenizer.encode_plus(t, padding="max_length", max_length=20, truncation=True, return_tensors="np"))
    except Exception as e:  # noqa
        print("skipped", t, e)
X = {k: np.concatenate([r[k] for r in rows]) for k in ("input_ids", "attention_mask")}
print(model.predict(X, verbose=0).logits.argmax(-1))
