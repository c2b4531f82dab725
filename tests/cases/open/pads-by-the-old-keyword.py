# id: pads-by-the-old-keyword
# stack: tf
# expect: transformers-version-conflict
# symptom: raises TypeError: pad_to_max_length
# source: made for this set
# note: the keyword of older tutorials; fast tokenizers of this release refuse it

# %% setup
import os
os.environ["TF_USE_LEGACY_KERAS"] = "1"
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config

bert_tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config())

# %% cell
encoded = bert_tokenizer.batch_encode_plus(
    TEXTS, max_length=24, truncation=True, pad_to_max_length=True, return_tensors="tf"
)
print(model(encoded).logits.shape)

# %% fixed
encoded = bert_tokenizer.batch_encode_plus(
    TEXTS, max_length=24, truncation=True, padding="max_length", return_tensors="tf"
)
print(model(encoded).logits.shape)
