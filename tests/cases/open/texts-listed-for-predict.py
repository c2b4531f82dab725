# id: texts-listed-for-predict
# stack: tf
# source: made for this set
# expect: text-not-tokenized
# also: head-untrained
# symptom: raises ValueError
# %% setup
import tensorflow as tf
from transformers import AutoTokenizer, TFBertModel
from fixtures import MINILM, TEXTS

tok = AutoTokenizer.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
a = tf.keras.Input((16,), dtype="int32", name="ids")
b = tf.keras.Input((16,), dtype="int32", name="mask")
model = tf.keras.Model([a, b], tf.keras.layers.Dense(2)(bert(a, attention_mask=b).pooler_output))
# %% cell
questions = ["is the soup still warm", "who wrote the second book"]
scores = model.predict(questions, verbose=0)
print(scores.argmax(axis=-1))
# %% fixed
questions = ["is the soup still warm", "who wrote the second book"]
q = tok(questions, padding="max_length", max_length=16, truncation=True, return_tensors="np")
scores = model.predict([q["input_ids"], q["attention_mask"]], verbose=0)
print(scores.argmax(axis=-1))
