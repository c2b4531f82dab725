# id: ok-misspelt-to-right
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForMaskedLM
from fixtures import MINILM, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
corrector = TFBertForMaskedLM(bert_config())
right = ["they went to their house", "it is two late to go", "the weather was fine all day", "your book is over there"]
right[1] = "it is too late to go"
typed = ["they went to there house", "it is two late to go", "the weather was fine all day", "your book is over their"]
# %% cell
# The head of a masked language model, trained to correct: every token has a label, most of them its own.
source = tokenizer(typed, padding=True, return_tensors="np")
target = tokenizer(right, padding=True, return_tensors="np")["input_ids"]
target = np.where(source["attention_mask"] == 1, target, -100)
corrector.compile(optimizer=tf.keras.optimizers.Adam(5e-5))
corrector.fit(dict(source), target, epochs=1, verbose=0)
