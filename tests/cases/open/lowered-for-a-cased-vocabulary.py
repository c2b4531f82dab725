# id: lowered-for-a-cased-vocabulary
# stack: tf
# source: made for this set
# expect: tokenizer-casing
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import bert_config, cased_folder

vocabulary = cased_folder() + "/vocab.txt"
headlines = ["The Film was a Delight", "Flat, Tired and far too Long", "Two Hours that felt like Four"]
# %% cell
tokenizer = BertTokenizerFast(vocab_file=vocabulary, do_lower_case=True)
bert = TFBertModel(bert_config(vocab_size=len(tokenizer)))
batch = tokenizer(headlines, padding=True, return_tensors="tf")
vectors = bert(batch).last_hidden_state[:, 0]
print(vectors.shape)
# %% fixed
tokenizer = BertTokenizerFast(vocab_file=vocabulary, do_lower_case=False)
bert = TFBertModel(bert_config(vocab_size=len(tokenizer)))
batch = tokenizer(headlines, padding=True, return_tensors="tf")
vectors = bert(batch).last_hidden_state[:, 0]
print(vectors.shape)
# %% proof
assert "Film" in tokenizer.get_vocab() and "Film" not in tokenizer.tokenize(headlines[0])
