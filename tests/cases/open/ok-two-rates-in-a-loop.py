# id: ok-two-rates-in-a-loop
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
# %% cell
encoded = tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="np")
order = np.random.default_rng(0).permutation(len(TEXTS))


class Reviews(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.bert = TFBertModel.from_pretrained(MINILM)
        self.classifier = tf.keras.layers.Dense(1)

    def call(self, batch, training=False):
        vectors = self.bert(batch, training=training).pooler_output
        return tf.squeeze(self.classifier(vectors), -1)


reviews = Reviews()
for_the_head = tf.keras.optimizers.Adam(1e-3)
for_bert = tf.keras.optimizers.AdamW(2e-5, weight_decay=0.01)

# First the new head alone, then both, each at a rate of its own.
for epoch in range(3):
    for rows in np.split(order, 4):
        batch = {name: tf.constant(values[rows]) for name, values in encoded.items()}
        gold = tf.constant(np.array(LABELS)[rows], tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            logits = reviews(batch, training=True)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(gold, logits))
        head = reviews.classifier.trainable_variables
        for_the_head.apply_gradients(zip(tape.gradient(loss, head), head))
        if epoch:
            body = reviews.bert.trainable_variables
            for_bert.apply_gradients(zip(tape.gradient(loss, body), body))
        del tape
