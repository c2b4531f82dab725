# id: labels-left-at-home
# stack: tf
# source: made for this set
# expect: labels-missing
# also: learning-rate-high
# symptom: raises ValueError: Could not find label column(s)
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import TEXTS, LABELS, MINILM, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
clf = TFBertForSequenceClassification(bert_config(num_labels=2))
clf.compile(
    optimizer=tf.keras.optimizers.Adam(5e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
# %% cell
train_encodings = tokenizer(TEXTS, truncation=True, padding=True)
train_dataset = tf.data.Dataset.from_tensor_slices(dict(train_encodings))
clf.fit(train_dataset.shuffle(100).batch(4), epochs=2, verbose=0)
# %% fixed
train_encodings = tokenizer(TEXTS, truncation=True, padding=True)
train_dataset = tf.data.Dataset.from_tensor_slices((dict(train_encodings), LABELS))
clf.fit(train_dataset.shuffle(100).batch(4), epochs=2, verbose=0)
