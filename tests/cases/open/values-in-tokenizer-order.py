# id: values-in-tokenizer-order
# stack: tf
# source: made for this set
# expect: inputs-swapped
# also: attention-mask-all-zero, attention-mask-over-padding, attention-mask-missing
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert_layer = TFBertModel.from_pretrained(MINILM)
# %% cell
def build_encoder(layer):
    words = tf.keras.Input((None,), dtype="int32", name="words")
    mask = tf.keras.Input((None,), dtype="int32", name="mask")
    segments = tf.keras.Input((None,), dtype="int32", name="segments")
    pooled = layer(input_ids=words, attention_mask=mask, token_type_ids=segments).pooler_output
    return tf.keras.Model(inputs=[words, mask, segments], outputs=pooled)

encoder = build_encoder(bert_layer)
enc = tokenizer(TEXTS, padding=True, return_tensors="np")
arrays = list(enc.values())

embeddings = encoder.predict(arrays, batch_size=8, verbose=0)
nearest = tf.argmax(embeddings[1:] @ embeddings[0])
# %% fixed
def build_encoder(layer):
    words = tf.keras.Input((None,), dtype="int32", name="words")
    mask = tf.keras.Input((None,), dtype="int32", name="mask")
    segments = tf.keras.Input((None,), dtype="int32", name="segments")
    pooled = layer(input_ids=words, attention_mask=mask, token_type_ids=segments).pooler_output
    return tf.keras.Model(inputs=[words, mask, segments], outputs=pooled)

encoder = build_encoder(bert_layer)
enc = tokenizer(TEXTS, padding=True, return_tensors="np")
arrays = [enc[name] for name in ("input_ids", "attention_mask", "token_type_ids")]

embeddings = encoder.predict(arrays, batch_size=8, verbose=0)
nearest = tf.argmax(embeddings[1:] @ embeddings[0])
