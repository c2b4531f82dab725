# id: pt-rebuilt-model-still-trains
# stack: torch
# source: made for this set
# expect: training-mode-at-inference
# symptom: silent
# %% setup
import tempfile, pathlib
import torch
from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
weights = pathlib.Path(tempfile.mkdtemp(), "best.pt")
torch.save(BertForSequenceClassification.from_pretrained(MINILM, num_labels=2).state_dict(), weights)
# %% cell
restored = BertForSequenceClassification(AutoConfig.from_pretrained(MINILM, num_labels=2))
restored.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))

answers = []
with torch.inference_mode():
    for i in range(0, len(TEXTS), 4):
        enc = tokenizer(TEXTS[i:i + 4], padding=True, truncation=True, return_tensors="pt")
        answers.extend(restored(**enc).logits.softmax(-1)[:, 1].tolist())
# %% fixed
restored = BertForSequenceClassification(AutoConfig.from_pretrained(MINILM, num_labels=2))
restored.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
restored.eval()

answers = []
with torch.inference_mode():
    for i in range(0, len(TEXTS), 4):
        enc = tokenizer(TEXTS[i:i + 4], padding=True, truncation=True, return_tensors="pt")
        answers.extend(restored(**enc).logits.softmax(-1)[:, 1].tolist())
# %% proof
assert restored.training
enc = tokenizer(TEXTS[4:], padding=True, truncation=True, return_tensors="pt")
with torch.no_grad():
    first, second = restored(**enc).logits, restored(**enc).logits
assert (first - second).abs().max() > 1e-4
