# id: served-with-int64
# stack: tf
# expect: saved-model-call
# symptom: raises InvalidArgumentError: was expected to be a int32 tensor but is a int64 tensor
# source: made for this set
# note: the exported signature takes int32 tensors, and tf.constant of NumPy's ids makes int64 ones

# %% setup
import os, tempfile
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config

folder = tempfile.mkdtemp()
tokenizer = BertTokenizerFast.from_pretrained(MINILM)
net = TFBertForSequenceClassification(bert_config(num_hidden_layers=1))
net(tf.constant([[101, 102]]))
net.save_pretrained(folder, saved_model=True)

# %% cell
serve = tf.saved_model.load(f"{folder}/saved_model/1").signatures["serving_default"]
enc = tokenizer(TEXTS[:3], padding=True, return_tensors="np")
ids, mask, types = (tf.constant(enc[key]) for key in ("input_ids", "attention_mask", "token_type_ids"))
logits = serve(input_ids=ids, attention_mask=mask, token_type_ids=types)["logits"]

# %% fixed
serve = tf.saved_model.load(f"{folder}/saved_model/1").signatures["serving_default"]
enc = tokenizer(TEXTS[:3], padding=True, return_tensors="tf")
ids, mask, types = (enc[key] for key in ("input_ids", "attention_mask", "token_type_ids"))
logits = serve(input_ids=ids, attention_mask=mask, token_type_ids=types)["logits"]
