# id: pt-ok-trainer-class-weights
# stack: torch
# source: made for this set
# expect: none
# %% setup
import tempfile
import torch
from transformers import AutoTokenizer, BertForSequenceClassification, DataCollatorWithPadding, Trainer, TrainingArguments
from fixtures import MINILM, TEXTS, LABELS, bert_config
tok = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(1)
net = BertForSequenceClassification(bert_config(num_labels=2))
# %% cell
class WeightedTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        weight = torch.tensor([0.6, 1.8], device=outputs.logits.device)
        loss = torch.nn.functional.cross_entropy(outputs.logits, labels, weight=weight)
        return (loss, outputs) if return_outputs else loss

rows = [{**tok(text, truncation=True), "label": label} for text, label in zip(TEXTS, LABELS)]
args = TrainingArguments(
    output_dir=tempfile.mkdtemp(), per_device_train_batch_size=4, num_train_epochs=1, learning_rate=5e-5,
    report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True, logging_strategy="no",
)
trainer = WeightedTrainer(model=net, args=args, train_dataset=rows, data_collator=DataCollatorWithPadding(tok))
trainer.train()
scores = trainer.predict(rows[:3]).predictions
