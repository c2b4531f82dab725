# id: ok-stars-as-numbers
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModelForSequenceClassification, create_optimizer
from fixtures import MINILM, TEXTS

tok = AutoTokenizer.from_pretrained(MINILM)
# Whole stars, 0 to 4, in the order in which they came in: the first four are 0s and 1s.
stars = np.array([1, 0, 0, 1, 3, 4, 2, 4])
# %% cell
rater = TFAutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=1)
x = dict(tok(TEXTS, padding=True, truncation=True, max_length=40, return_tensors="np"))
optimizer, schedule = create_optimizer(init_lr=3e-5, num_train_steps=20, num_warmup_steps=4, weight_decay_rate=0.01)
rater.compile(optimizer=optimizer)
rater.fit(x, stars, batch_size=4, epochs=2, verbose=0)
