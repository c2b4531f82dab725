# id: build-inputs-after-encode
# stack: tf
# source: made for this set
# expect: special-tokens-doubled
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM, TEXTS

MODEL = TFBertModel.from_pretrained(MINILM)
TOKENIZER = BertTokenizer.from_pretrained(MINILM)
# %% cell
def features(sentences):
    rows = []
    for s in sentences:
        ids = TOKENIZER.encode(s)
        rows.append(TOKENIZER.build_inputs_with_special_tokens(ids))
    return TOKENIZER.pad({"input_ids": rows}, return_tensors="tf")


f = features(TEXTS[2:6])
sent_emb = MODEL(input_ids=f["input_ids"], attention_mask=f["attention_mask"], training=False)[1]
sim = tf.matmul(sent_emb, sent_emb, transpose_b=True)
# %% fixed
def features(sentences):
    rows = []
    for s in sentences:
        ids = TOKENIZER.encode(s, add_special_tokens=False)
        rows.append(TOKENIZER.build_inputs_with_special_tokens(ids))
    return TOKENIZER.pad({"input_ids": rows}, return_tensors="tf")


f = features(TEXTS[2:6])
sent_emb = MODEL(input_ids=f["input_ids"], attention_mask=f["attention_mask"], training=False)[1]
sim = tf.matmul(sent_emb, sent_emb, transpose_b=True)
