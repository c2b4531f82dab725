# id: ids-kept-in-half-precision
# stack: tf
# source: made for this set
# expect: ids-not-integer
# also: head-untrained
# symptom: silent
# %% setup
import io
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
ids_in = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask_in = tf.keras.Input((None,), dtype="int32", name="attention_mask")
pooled = bert(ids_in, attention_mask=mask_in).last_hidden_state[:, 0]
net = tf.keras.Model([ids_in, mask_in], tf.keras.layers.Dense(1, activation="sigmoid")(pooled))
net.compile(optimizer=tf.keras.optimizers.Adam(2e-5), loss="binary_crossentropy")
# %% cell
enc = tokenizer(TEXTS, padding=True, return_tensors="np")
disk = io.BytesIO()
np.savez_compressed(disk, **{key: value.astype(np.float16) for key, value in enc.items()})  # half the size
disk.seek(0)

cache = np.load(disk)
ids = cache["input_ids"]
mask = cache["attention_mask"]
net.fit([ids, mask], np.array(LABELS, "float32"), batch_size=4, epochs=1, verbose=0)
# %% fixed
enc = tokenizer(TEXTS, padding=True, return_tensors="np")
disk = io.BytesIO()
np.savez_compressed(disk, **{key: value.astype(np.uint16) for key, value in enc.items()})  # a quarter of the size
disk.seek(0)

cache = np.load(disk)
ids = cache["input_ids"].astype("int32")
mask = cache["attention_mask"].astype("int32")
net.fit([ids, mask], np.array(LABELS, "float32"), batch_size=4, epochs=1, verbose=0)
# %% proof
assert (ids.astype("int32") != enc["input_ids"]).sum() > 8
assert tokenizer.decode(ids[0].astype("int32"), skip_special_tokens=True) != TEXTS[0]
