# id: ok-bucketed-lengths
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
encoder = TFBertModel(bert_config())
# %% cell
rows = tokenizer(TEXTS, truncation=True, max_length=32)

def stream():
    for ids, mask, label in zip(rows["input_ids"], rows["attention_mask"], LABELS):
        yield {"ids": ids, "mask": mask}, float(label)

line = tf.TensorSpec((None,), tf.int32)
data = tf.data.Dataset.from_generator(stream, output_signature=({"ids": line, "mask": line}, tf.TensorSpec((), tf.float32)))
data = data.bucket_by_sequence_length(
    element_length_func=lambda x, y: tf.shape(x["ids"])[0],
    bucket_boundaries=[9, 11],
    bucket_batch_sizes=[4, 3, 2],
)   # pads each bucket with 0, which is BERT's [PAD], and the masks with 0

ids = tf.keras.Input((None,), dtype=tf.int32, name="ids")
mask = tf.keras.Input((None,), dtype=tf.int32, name="mask")
cls = encoder(ids, attention_mask=mask)[0][:, 0]
model = tf.keras.Model({"ids": ids, "mask": mask}, tf.squeeze(tf.keras.layers.Dense(1)(cls), -1))
model.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.BinaryCrossentropy(from_logits=True))
model.fit(data, epochs=1, verbose=0)
