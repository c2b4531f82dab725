# id: ok-tries-the-old-names-first
# stack: tf
# expect: none
# source: made for this set
# note: names of several releases are tried in turn, and old methods that are still there are called

# %% setup
import os
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf
import transformers
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM, TEXTS, bert_config

tok = BertTokenizer.from_pretrained(MINILM)
bert = TFBertModel(bert_config())

# %% cell
try:
    from transformers import AdamW
except ImportError:
    from tf_keras.optimizers import AdamW
try:
    from transformers.modeling_tf_bert import TFBertMainLayer
except ModuleNotFoundError:
    from transformers.models.bert.modeling_tf_bert import TFBertMainLayer

limit = getattr(tok, "max_len", None) or tok.model_max_length
if not hasattr(transformers, "TFTrainer"):
    optimizer = AdamW(learning_rate=2e-5)
one = tok.encode_plus(TEXTS[0], max_length=min(limit, 32), truncation=True, return_tensors="tf")
many = tok.batch_encode_plus(TEXTS[:3], padding=True, return_tensors="tf")
print(bert(one).pooler_output.shape, bert(many).pooler_output.shape)
