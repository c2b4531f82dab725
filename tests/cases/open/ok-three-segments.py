# id: ok-three-segments
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(type_vocab_size=3, num_labels=2))
listings = [
    ("oak table", "seats six, a few scratches", "collect only", 1),
    ("road bike", "new tyres", "will post", 0),
    ("box of records", "mostly jazz from the sixties", "cash please", 1),
]
# %% cell
# Title, body and note are segments 0, 1 and 2 of a model made with three token types.
ids, types = [], []
for *parts, _ in listings:
    row, segment = [tokenizer.cls_token_id], [0]
    for number, part in enumerate(parts):
        piece = tokenizer.encode(part, add_special_tokens=False) + [tokenizer.sep_token_id]
        row += piece
        segment += [number] * len(piece)
    ids.append(row)
    types.append(segment)

pad = tf.keras.preprocessing.sequence.pad_sequences
batch = {
    "input_ids": pad(ids, padding="post", value=tokenizer.pad_token_id),
    "attention_mask": pad([[1] * len(row) for row in ids], padding="post"),
    "token_type_ids": pad(types, padding="post"),
}
sold = np.array([label for *_, label in listings])
model.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(batch, sold, batch_size=2, verbose=0)
