# id: pt-ok-gradients-of-embeddings
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(3)
model = BertForSequenceClassification(bert_config(num_labels=2)).eval()
text = "flat , tired and far too long"
# %% cell
enc = tokenizer(text, return_tensors="pt")
actual = model.get_input_embeddings()(enc["input_ids"]).detach()
baseline_ids = torch.full_like(enc["input_ids"], tokenizer.pad_token_id)
baseline_ids[:, 0], baseline_ids[:, -1] = tokenizer.cls_token_id, tokenizer.sep_token_id
baseline = model.get_input_embeddings()(baseline_ids).detach()

steps = 16
alphas = torch.linspace(0, 1, steps).view(-1, 1, 1)
path = (baseline + alphas * (actual - baseline)).requires_grad_(True)
mask = enc["attention_mask"].expand(steps, -1)
score = model(inputs_embeds=path, attention_mask=mask).logits[:, 1].sum()
(gradient,) = torch.autograd.grad(score, path)
attribution = ((actual[0] - baseline[0]) * gradient.mean(0)).sum(-1)
ranked = [tokenizer.convert_ids_to_tokens(int(enc["input_ids"][0, i])) for i in attribution.abs().argsort(descending=True)]
