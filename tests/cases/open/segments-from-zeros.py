# id: segments-from-zeros
# stack: tf
# source: made for this set
# expect: dtype-mismatch
# symptom: raises InvalidArgumentError: Value for attr 'Tindices' of double
# %% setup
import numpy as np
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
pairs = [("the bank is shut", "it opens at nine"), ("rain is due", "take the umbrella by the door")]
# %% cell
enc = tokenizer(pairs, padding=True, return_tensors="np", return_token_type_ids=False)
ids, mask = enc["input_ids"], enc["attention_mask"]
segments = np.zeros(ids.shape)
for row, tokens in enumerate(ids):
    first = list(tokens).index(tokenizer.sep_token_id)
    segments[row, first + 1 : mask[row].sum()] = 1
out = bert(ids, attention_mask=mask, token_type_ids=segments)
print(out.pooler_output.shape)
# %% fixed
enc = tokenizer(pairs, padding=True, return_tensors="np", return_token_type_ids=False)
ids, mask = enc["input_ids"], enc["attention_mask"]
segments = np.zeros(ids.shape, dtype="int32")
for row, tokens in enumerate(ids):
    first = list(tokens).index(tokenizer.sep_token_id)
    segments[row, first + 1 : mask[row].sum()] = 1
out = bert(ids, attention_mask=mask, token_type_ids=segments)
print(out.pooler_output.shape)
