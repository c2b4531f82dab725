# id: train-step-in-a-function
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
student = TFBertForSequenceClassification(bert_config(num_labels=2))
teacher = TFBertForSequenceClassification(bert_config(num_labels=2))
teacher.build_in_name_scope()
# %% cell
adam = tf.keras.optimizers.Adam(5e-5)
cross = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

@tf.function
def step(ids, labels):
    mask = tf.cast(tf.not_equal(ids, tokenizer.pad_token_id), tf.int32)
    wanted = tf.nn.softmax(teacher(ids, attention_mask=mask, training=False).logits)
    with tf.GradientTape() as tape:
        logits = student(ids, attention_mask=mask, training=True).logits
        loss = cross(labels, logits) + tf.reduce_mean(tf.keras.losses.kld(wanted, tf.nn.softmax(logits)))
    adam.apply_gradients(zip(tape.gradient(loss, student.trainable_variables), student.trainable_variables))
    return loss

ids = tokenizer(TEXTS, padding=True, return_tensors="tf")["input_ids"]
for epoch in range(2):
    print(float(step(ids, tf.constant(LABELS))))
