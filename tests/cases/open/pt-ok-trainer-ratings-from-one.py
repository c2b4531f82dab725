# id: pt-ok-trainer-ratings-from-one
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)

import tempfile
import numpy as np
from transformers import BertForSequenceClassification, DataCollatorWithPadding, Trainer, TrainingArguments
args = TrainingArguments(output_dir=tempfile.mkdtemp(), per_device_train_batch_size=4, per_device_eval_batch_size=4,
                         num_train_epochs=1, learning_rate=5e-5, report_to=[], save_strategy="no", eval_strategy="epoch",
                         disable_tqdm=True, use_cpu=True, logging_strategy="no")
# %% cell
class RatingTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        stars = inputs.pop("labels")                       # 1 to 5, as they are in the file
        outputs = model(**inputs)
        loss = F.cross_entropy(outputs.logits, stars - 1, label_smoothing=0.05)
        return (loss, outputs) if return_outputs else loss

STARS = [5, 1, 4, 2, 3, 5, 1, 2]
rows = [{**tokenizer(text), "labels": star} for text, star in zip(TEXTS, STARS)]
model = AutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=5)
trainer = RatingTrainer(model=model, args=args, train_dataset=rows[:4], eval_dataset=rows[4:],
                        data_collator=DataCollatorWithPadding(tokenizer))
trainer.train()
