# id: ok-sub-tokens-of-each-word
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
sentence = "the ferry to ullapool leaves at seven on weekdays"
moods = "glad weary furious serene"
# %% cell
words = sentence.split()
pieces = tokenizer(words, add_special_tokens=False)["input_ids"]
ends = np.cumsum([len(each) for each in pieces])
whole = bert(tokenizer(sentence, return_tensors="tf")).last_hidden_state[0, 1:-1].numpy()
of_words = [part.mean(axis=0) for part in np.split(whole, ends[:-1])]

names = moods.split()
enc = tokenizer(names, padding=True, return_tensors="tf")
of_moods = bert(enc).last_hidden_state[:, 0].numpy()
nearest = [names[int(np.argmax(of_moods @ vector))] for vector in of_words]
print(list(zip(words, nearest)))
