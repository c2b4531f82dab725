# id: ok-numpy-from-the-collator
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, DataCollatorWithPadding, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
collate = DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8, return_tensors="np")
features = [tokenizer(text, truncation=True, max_length=64) for text in TEXTS]

found = []
for start in range(0, len(features), 3):
    batch = collate(features[start:start + 3])
    print({name: (type(value).__name__, value.shape) for name, value in batch.items()})
    found.append(bert(dict(batch)).pooler_output.numpy())
single = tokenizer("numpy goes straight in", return_tensors="np")
found.append(bert(single["input_ids"], attention_mask=single["attention_mask"])[1])
print(np.concatenate(found).shape)
