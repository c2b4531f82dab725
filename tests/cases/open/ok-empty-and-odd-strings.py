# id: ok-empty-and-odd-strings
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizer.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
answers = np.array(["yes, twice", "", None, "nan", "42", "no"], dtype=object)
# %% cell
def read(column):
    try:
        return tokenizer(column, padding=True, return_tensors="tf")
    except ValueError:
        return tokenizer(["" if each is None else str(each) for each in column], padding=True, return_tensors="tf")

enc = read(answers)
vectors = bert(**enc).last_hidden_state[:, 0].numpy()
print(vectors.shape)
