# id: predict-one-comment
# stack: torch
# source: made for this set
# expect: batch-axis-missing
# symptom: raises ValueError
# %% setup
import torch
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
model = BertForSequenceClassification(bert_config(num_labels=2, id2label={0: "ham", 1: "spam"}, label2id={"ham": 0, "spam": 1}))
model.eval()
# %% cell
def to_tensors(text):
    encoding = tokenizer(text, truncation=True, max_length=128)
    return {name: torch.tensor(values) for name, values in encoding.items()}


@torch.no_grad()
def predict(text):
    logits = model(**to_tensors(text)).logits
    return model.config.id2label[logits.argmax(-1).item()]


results = {text: predict(text) for text in TEXTS[:3]}
# %% fixed
def to_tensors(text):
    encoding = tokenizer(text, truncation=True, max_length=128)
    return {name: torch.tensor([values]) for name, values in encoding.items()}


@torch.no_grad()
def predict(text):
    logits = model(**to_tensors(text)).logits
    return model.config.id2label[logits.argmax(-1).item()]


results = {text: predict(text) for text in TEXTS[:3]}
