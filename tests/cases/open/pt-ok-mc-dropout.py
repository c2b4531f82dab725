# id: pt-ok-mc-dropout
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
classifier = BertForSequenceClassification(bert_config(num_labels=2)).eval()
# %% cell
def mc_predict(texts, passes=12):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    for module in classifier.modules():
        if isinstance(module, torch.nn.Dropout):
            module.train()
    with torch.inference_mode():
        draws = torch.stack([classifier(**batch).logits.softmax(-1) for _ in range(passes)])
    classifier.eval()
    return draws.mean(0), draws.var(0)

mean, variance = mc_predict(TEXTS)
unsure = variance.sum(-1).argsort(descending=True)[:3]
