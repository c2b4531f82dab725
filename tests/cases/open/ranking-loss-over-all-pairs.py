# id: ranking-loss-over-all-pairs
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
score = tf.keras.layers.Dense(1)
answers = ["reset it in the settings", "try turning it off", "no idea", "see page four of the manual", "call the shop"]
clicks = tf.constant([9.0, 4.0, 0.0, 6.0, 1.0])
# %% cell
batch = tokenizer(answers, padding=True, truncation=True, return_tensors="tf")
adam = tf.keras.optimizers.Adam(2e-5)

for _ in range(2):
    with tf.GradientTape() as tape:
        s = score(bert(batch, training=True).last_hidden_state[:, 0])
        # every answer against every other: (5, 5) on purpose
        higher = tf.cast(clicks[:, None] > clicks, tf.float32)
        hinge = tf.nn.relu(0.5 - (s - tf.squeeze(s, -1)))
        loss = tf.reduce_sum(higher * hinge) / tf.reduce_sum(higher)
    variables = score.trainable_variables + bert.trainable_variables
    grads = tape.gradient(loss, variables)
    adam.apply_gradients((g, v) for g, v in zip(grads, variables) if g is not None)
    print(float(loss))
