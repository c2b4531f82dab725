# id: ok-served-every-right-way
# stack: tf
# expect: none
# source: made for this set
# note: NumPy's int64 is converted for a signature of int32; the reloaded object takes a dict, its serving method too

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
loaded = tf.saved_model.load(f"{folder}/saved_model/1")
arrays = dict(tokenizer(TEXTS[:3], padding=True, return_tensors="np"))
by_name = loaded.signatures["serving_default"](**arrays)["logits"]
tensors = {name: tf.constant(array, tf.int32) for name, array in arrays.items()}
whole = loaded(tensors, training=False)["logits"]
served = loaded.serving(tensors)["logits"]
wide = loaded.signatures["int64_serving"](**{name: tf.cast(each, tf.int64) for name, each in tensors.items()})
tf.debugging.assert_near(by_name, whole, atol=1e-5)
