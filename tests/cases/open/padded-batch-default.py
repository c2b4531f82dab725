# id: padded-batch-default
# stack: tf
# source: made for this set
# expect: padding-token-wrong
# also: attention-mask-over-padding
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import RobertaTokenizerFast, TFRobertaModel
from fixtures import TEXTS, roberta_config, roberta_folder

tok = RobertaTokenizerFast.from_pretrained(roberta_folder())
roberta = TFRobertaModel(roberta_config())
# %% cell
def rows():
    for text in TEXTS:
        yield tok.encode(text)

with_mask = lambda ids: {"input_ids": ids, "attention_mask": tf.cast(tf.not_equal(ids, tok.pad_token_id), tf.int32)}

ds = tf.data.Dataset.from_generator(rows, output_signature=tf.TensorSpec((None,), tf.int32))
ds = ds.padded_batch(4).map(with_mask)

vectors = []
for batch in ds:
    vectors.append(roberta(batch).last_hidden_state[:, 0])
vectors = tf.concat(vectors, axis=0)
# %% fixed
def rows():
    for text in TEXTS:
        yield tok.encode(text)

with_mask = lambda ids: {"input_ids": ids, "attention_mask": tf.cast(tf.not_equal(ids, tok.pad_token_id), tf.int32)}

ds = tf.data.Dataset.from_generator(rows, output_signature=tf.TensorSpec((None,), tf.int32))
ds = ds.padded_batch(4, padding_values=tok.pad_token_id).map(with_mask)

vectors = []
for batch in ds:
    vectors.append(roberta(batch).last_hidden_state[:, 0])
vectors = tf.concat(vectors, axis=0)
