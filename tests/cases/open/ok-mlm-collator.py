# id: ok-mlm-collator
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, DataCollatorForLanguageModeling, TFBertForMaskedLM, set_seed
from fixtures import MINILM, TEXTS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
set_seed(3)
model = TFBertForMaskedLM(bert_config())
# %% cell
collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.3, return_tensors="np")
batch = collator([tokenizer(text, return_special_tokens_mask=True) for text in TEXTS])
labels = batch.pop("labels")
model.compile(optimizer=tf.keras.optimizers.Adam(5e-5))
model.fit(dict(batch), labels, batch_size=8, verbose=0)
