# id: string-lookup-topics
# stack: tf
# source: made for this set
# expect: labels-out-of-range
# also: head-untrained
# symptom: raises InvalidArgumentError: valid range of [0, 3)
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFDistilBertForSequenceClassification
from fixtures import MINILM, distilbert_config

headlines = ["rates are held for a third month", "late goal sends the visitors home", "new probe reaches the comet",
             "shares slip after a weak quarter", "coach resigns before the final", "a cheaper way to store heat"]
topic = ["money", "sport", "science", "money", "sport", "science"]
tokenizer = BertTokenizerFast.from_pretrained(MINILM)
# %% cell
TOPICS = ["money", "science", "sport"]
to_index = tf.keras.layers.StringLookup(vocabulary=TOPICS)

inputs = dict(tokenizer(headlines, padding=True, return_token_type_ids=False, return_tensors="tf"))
ds = tf.data.Dataset.from_tensor_slices((inputs, topic))
ds = ds.batch(3).map(lambda x, t: (x, to_index(t)))

net = TFDistilBertForSequenceClassification(distilbert_config(num_labels=len(TOPICS)))
net.compile(optimizer=tf.keras.optimizers.Adam(5e-5),
            loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
net.fit(ds, epochs=1, verbose=0)
# %% fixed
TOPICS = ["money", "science", "sport"]
to_index = tf.keras.layers.StringLookup(vocabulary=TOPICS, num_oov_indices=0)

inputs = dict(tokenizer(headlines, padding=True, return_token_type_ids=False, return_tensors="tf"))
ds = tf.data.Dataset.from_tensor_slices((inputs, topic))
ds = ds.batch(3).map(lambda x, t: (x, to_index(t)))

net = TFDistilBertForSequenceClassification(distilbert_config(num_labels=len(TOPICS)))
net.compile(optimizer=tf.keras.optimizers.Adam(5e-5),
            loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
net.fit(ds, epochs=1, verbose=0)
