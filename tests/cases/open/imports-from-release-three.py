# id: imports-from-release-three
# stack: tf
# expect: transformers-version-conflict
# symptom: raises ModuleNotFoundError: No module named 'transformers.modeling_tf_bert'
# source: made for this set
# note: the modules of release 3 lie in a folder for each model since 4.0

# %% setup
import os
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf
import transformers
from fixtures import bert_config

# %% cell
from transformers.modeling_tf_bert import TFBertMainLayer

encoder = TFBertMainLayer(bert_config(), name="bert")
print(encoder(tf.constant([[101, 7592, 102]]))[0].shape)

# %% fixed
from transformers.models.bert.modeling_tf_bert import TFBertMainLayer

encoder = TFBertMainLayer(bert_config(), name="bert")
print(encoder(tf.constant([[101, 7592, 102]]))[0].shape)
