# id: function-without-a-mask
# stack: tf
# source: made for this set
# expect: attention-mask-missing
# also: head-untrained
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
lines = ["ok", "the second line is a good deal longer than the first one", "three"]
# %% cell
class Encoder(tf.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    @tf.function
    def __call__(self, features):
        ids = tf.cast(features["input_ids"], tf.int32)
        return self.model(ids, training=False).pooler_output

features = tokenizer(lines, padding=True, return_tensors="np")
vectors = Encoder(bert)(dict(features)).numpy()
# %% fixed
class Encoder(tf.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    @tf.function
    def __call__(self, features):
        ids = tf.cast(features["input_ids"], tf.int32)
        return self.model(ids, attention_mask=features["attention_mask"], training=False).pooler_output

features = tokenizer(lines, padding=True, return_tensors="np")
vectors = Encoder(bert)(dict(features)).numpy()
# %% proof
alone = bert(tokenizer(lines[:1], return_tensors="tf")).pooler_output.numpy()[0]
assert np.abs(alone - vectors[0]).max() > 1e-2
