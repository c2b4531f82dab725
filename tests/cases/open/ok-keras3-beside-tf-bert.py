# id: ok-keras3-beside-tf-bert
# stack: tf
# source: made for this set
# expect: none
# also: head-untrained
# %% setup
import keras
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification.from_pretrained(MINILM, num_labels=2)
# %% cell
# Keras 3 only for its helpers on arrays: nothing of it goes into the model.
one_hot = keras.utils.to_categorical(LABELS, num_classes=2)
enc = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="np")
model.compile(
    optimizer=tf.keras.optimizers.Adam(3e-5),
    loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True),
)
model.fit(dict(enc), one_hot, epochs=1, batch_size=4, verbose=0)
scores = keras.ops.convert_to_numpy(keras.ops.softmax(model(enc).logits, axis=-1))
print(np.round(scores[:2], 2))
