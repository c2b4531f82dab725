# id: ok-ragged-until-the-model
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
model.compile(tf.keras.optimizers.Adam(5e-5), loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
# %% cell
rows = tokenizer(TEXTS, truncation=True)["input_ids"]
ragged = tf.ragged.constant(rows, dtype=tf.int32)
lengths = np.array([len(row) for row in rows])
objects = np.array(rows, dtype=object)[np.argsort(lengths)]

def dense(ids, label):
    ids = ids.to_tensor(default_value=tokenizer.pad_token_id)
    return {"input_ids": ids, "attention_mask": tf.cast(ids != tokenizer.pad_token_id, tf.int32)}, label

ds = tf.data.Dataset.from_tensor_slices((ragged, LABELS)).ragged_batch(4).map(dense)
model.fit(ds, epochs=1, verbose=0)
shortest = tokenizer.pad({"input_ids": list(objects[:2])}, return_tensors="tf")
print(model(shortest).logits.numpy(), lengths)
