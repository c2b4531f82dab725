# id: ok-list-in-the-models-own-order
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
premise = ["a man plays the guitar on stage", "two dogs run", "the shop is shut"]
claim = ["someone makes music", "the animals are asleep in the shade", "nobody can buy anything there now"]
follows = np.array([1, 0, 1])
# %% cell
words = tf.keras.Input((None,), dtype="int32", name="words")
segment = tf.keras.Input((None,), dtype="int32", name="segment")
keep = tf.keras.Input((None,), dtype="int32", name="keep")
pooled = bert(words, attention_mask=keep, token_type_ids=segment).pooler_output
model = tf.keras.Model([segment, words, keep], tf.keras.layers.Dense(1, activation="sigmoid")(pooled))
model.compile(optimizer=tf.keras.optimizers.Adam(2e-5), loss="binary_crossentropy")

enc = tokenizer(premise, claim, padding=True, truncation=True, max_length=32, return_tensors="np")
ids, types, mask = enc["input_ids"], enc["token_type_ids"], enc["attention_mask"]
model.fit([types, ids, mask], follows.reshape(-1, 1).astype("float32"), verbose=0)
print(model.predict({"keep": mask, "segment": types, "words": ids}, verbose=0).ravel())
