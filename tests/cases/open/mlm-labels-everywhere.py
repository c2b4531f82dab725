# id: mlm-labels-everywhere
# stack: tf
# source: made for this set
# expect: mlm-labels-unmasked
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForMaskedLM
from fixtures import MINILM, TEXTS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
mlm = TFBertForMaskedLM(bert_config())
mlm.compile(optimizer=tf.keras.optimizers.Adam(5e-5))
rng = np.random.default_rng(7)
# %% cell
enc = tokenizer(TEXTS, padding=True, return_tensors="np", return_special_tokens_mask=True)
words = enc["special_tokens_mask"] == 0
target = np.where(enc["attention_mask"] == 1, enc["input_ids"], -100)
hidden = words & (rng.random(words.shape) < 0.15)
hidden[:, 1] = True
noisy = np.where(hidden, tokenizer.mask_token_id, enc["input_ids"])
mlm.fit({"input_ids": noisy, "attention_mask": enc["attention_mask"], "labels": target}, epochs=1, verbose=0)
# %% fixed
enc = tokenizer(TEXTS, padding=True, return_tensors="np", return_special_tokens_mask=True)
words = enc["special_tokens_mask"] == 0
hidden = words & (rng.random(words.shape) < 0.15)
hidden[:, 1] = True
target = np.where(hidden, enc["input_ids"], -100)
noisy = np.where(hidden, tokenizer.mask_token_id, enc["input_ids"])
mlm.fit({"input_ids": noisy, "attention_mask": enc["attention_mask"], "labels": target}, epochs=1, verbose=0)
# %% proof
labelled = target != -100
assert (labelled & (target == noisy)).sum() > 3 * hidden.sum()
out = mlm(input_ids=noisy, attention_mask=enc["attention_mask"], labels=target).loss
only = mlm(input_ids=noisy, attention_mask=enc["attention_mask"], labels=np.where(hidden, target, -100)).loss
assert abs(float(out) - float(only)) > 1e-4
