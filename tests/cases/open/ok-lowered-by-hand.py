# id: ok-lowered-by-hand
# stack: tf
# source: made for this set
# expect: none
# %% setup
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM, do_lower_case=False)
usual = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
quotes = ["She took the FERRY to [MASK].", "It rained in Bergen, and in Oslo."]
# %% cell
lowered = [quote.lower().replace("[mask]", "[MASK]") for quote in quotes]
enc = tokenizer(lowered, padding=True, return_tensors="tf")
first = bert(**enc).last_hidden_state[:, 0]
second = bert(**usual(quotes, padding=True, return_tensors="tf")).last_hidden_state[:, 0]
print(float(abs(first - second).numpy().max()))
