# id: tok-args-without-mask
# stack: tf
# source: made for this set
# expect: attention-mask-missing
# also: padding-wasteful, head-untrained
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import AutoTokenizer, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS

tok = AutoTokenizer.from_pretrained(MINILM)
TOK_ARGS = {
    "max_length": 28,
    "padding": "max_length",
    "truncation": True,
    "return_token_type_ids": False,
    "return_attention_mask": False,  # keeps the cached files small
    "return_tensors": "tf",
}
# %% cell
def to_dataset(texts, labels, *, batch_size=4, **extra):
    features = tok(list(texts), **{**TOK_ARGS, **extra})
    ds = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    return ds.shuffle(64, seed=11).batch(batch_size)


train_ds = to_dataset(TEXTS, LABELS)

net = TFBertForSequenceClassification.from_pretrained(MINILM, num_labels=2)
net.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=3e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = net.fit(train_ds, epochs=1, verbose=0)
print(f"train loss {history.history['loss'][-1]:.3f}")
# %% fixed
def to_dataset(texts, labels, *, batch_size=4, **extra):
    features = tok(list(texts), **{**TOK_ARGS, **extra})
    ds = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    return ds.shuffle(64, seed=11).batch(batch_size)


train_ds = to_dataset(TEXTS, LABELS, return_attention_mask=True)

net = TFBertForSequenceClassification.from_pretrained(MINILM, num_labels=2)
net.compile(
    optimizer=tf.keras.optimizers.Adam(learning_rate=3e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = net.fit(train_ds, epochs=1, verbose=0)
print(f"train loss {history.history['loss'][-1]:.3f}")
# %% proof
import numpy as np
features, _ = next(iter(train_ds))
assert set(features) == {"input_ids"}
ids = features["input_ids"]
assert bool(tf.reduce_any(ids == tok.pad_token_id))
bare = net.bert({"input_ids": ids}, training=False)[0][:, 0].numpy()
masked = net.bert({"input_ids": ids, "attention_mask": tf.cast(ids != 0, tf.int32)}, training=False)[0][:, 0].numpy()
assert np.abs(bare - masked).max() > 0.01
