# id: own-labels-over-two-class-head
# stack: tf
# expect: checkpoint-shape-mismatch
# symptom: raises ValueError: cannot reshape
# source: made for this set
# note: the folder holds a fine-tuned two-class head, and five stars are wanted

# %% setup
import os, tempfile
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf
from transformers import TFBertForSequenceClassification
from fixtures import bert_config

sentiment_dir = tempfile.mkdtemp(prefix="sentiment-")
two = TFBertForSequenceClassification(bert_config(num_labels=2))
two(tf.constant([[101, 102]]))
two.save_pretrained(sentiment_dir)

# %% cell
stars = TFBertForSequenceClassification.from_pretrained(sentiment_dir, num_labels=5)
stars.summary()

# %% fixed
stars = TFBertForSequenceClassification.from_pretrained(
    sentiment_dir, num_labels=5, ignore_mismatched_sizes=True
)
stars.summary()
