# id: pt-ok-which-ending
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from transformers import AutoTokenizer, BertForMultipleChoice
from fixtures import MINILM
tokenizer = AutoTokenizer.from_pretrained(MINILM)
chooser = BertForMultipleChoice.from_pretrained(MINILM)
stems = ["she opened the umbrella because", "he put the kettle on to"]
endings = [["it rained", "it was loud", "the road was long"], ["make tea", "paint the fence", "fall asleep in a chair"]]
answer = torch.tensor([0, 0])
# %% cell
n = len(endings[0])
flat = tokenizer(
    [stem for stem in stems for _ in range(n)],
    [ending for group in endings for ending in group],
    padding=True, return_tensors="pt",
)
batch = {name: value.view(len(stems), n, -1) for name, value in flat.items()}
optimizer = torch.optim.AdamW(chooser.parameters(), lr=2e-5)
chooser.train()
out = chooser(**batch, labels=answer)
out.loss.backward()
optimizer.step()
chooser.eval()
with torch.inference_mode():
    picked = chooser(**batch).logits.argmax(-1)
