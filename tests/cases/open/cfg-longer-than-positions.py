# id: cfg-longer-than-positions
# stack: tf
# source: made for this set
# expect: sequence-too-long
# also: logits-flag-mismatch, padding-wasteful, head-untrained
# symptom: raises InvalidArgumentError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
small_bert = TFBertForSequenceClassification(bert_config(max_position_embeddings=64, num_labels=2))
# longer documents: three reviews glued together
docs = [" ".join(TEXTS[(i + k) % len(TEXTS)] for k in range(3)) for i in range(len(TEXTS))]
# %% cell
class CFG:
    MAX_LEN = 96
    BATCH = 4
    EPOCHS = 1
    LR = 4e-5
    LOSS = "sparse_categorical_crossentropy"


def encode(docs, max_len=CFG.MAX_LEN):
    out = tokenizer.batch_encode_plus(
        docs,
        padding="max_length",
        truncation=True,
        max_length=max_len,
        return_tensors="np",
    )
    return {k: out[k].astype("int32") for k in ("input_ids", "attention_mask")}


small_bert.compile(optimizer=tf.keras.optimizers.Adam(CFG.LR), loss=CFG.LOSS)
small_bert.fit(encode(docs), np.array(LABELS), batch_size=CFG.BATCH, epochs=CFG.EPOCHS, verbose=0)
# %% fixed
class CFG:
    MAX_LEN = 64
    BATCH = 4
    EPOCHS = 1
    LR = 4e-5
    LOSS = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def encode(docs, max_len=CFG.MAX_LEN):
    out = tokenizer.batch_encode_plus(
        docs,
        padding="max_length",
        truncation=True,
        max_length=max_len,
        return_tensors="np",
    )
    return {k: out[k].astype("int32") for k in ("input_ids", "attention_mask")}


small_bert.compile(optimizer=tf.keras.optimizers.Adam(CFG.LR), loss=CFG.LOSS)
small_bert.fit(encode(docs), np.array(LABELS), batch_size=CFG.BATCH, epochs=CFG.EPOCHS, verbose=0)
