# id: ok-tokens-added-and-resized
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModelForSequenceClassification
from fixtures import MINILM

tokenizer = AutoTokenizer.from_pretrained(MINILM)
model = TFAutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=2)
tweets = ["@user that was brilliant <laugh>", "@user no, it was not", "again <laugh> <laugh>", "so bored @user"]
funny = np.array([1, 0, 1, 0])
# %% cell
added = tokenizer.add_tokens(["<laugh>", "@user"])
model.resize_token_embeddings(len(tokenizer))
x = tokenizer(tweets, padding=True, truncation=True, max_length=24, return_tensors="np")
print(added, x["input_ids"].max(), model.config.vocab_size)

model.compile(
    optimizer=tf.keras.optimizers.Adam(2e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(dict(x), funny, batch_size=2, epochs=1, verbose=0)
