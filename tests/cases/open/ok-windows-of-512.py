# id: ok-windows-of-512
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel(bert_config())
article = ". ".join(TEXTS * 14)
# %% cell
limit = bert.config.max_position_embeddings   # 512, [CLS] and [SEP] among them
windows = tokenizer(
    article, truncation=True, max_length=limit, stride=64, return_overflowing_tokens=True, padding=True, return_tensors="tf"
)
owner = windows.pop("overflow_to_sample_mapping")
print(windows["input_ids"].shape, owner.numpy())
cls = bert(windows["input_ids"], attention_mask=windows["attention_mask"]).last_hidden_state[:, 0]
vector = tf.math.segment_mean(cls, owner)
print(vector.shape)
