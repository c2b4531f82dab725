# id: pt-key-padding-mask
# stack: torch
# source: made for this set
# expect: attention-mask-inverted
# also: attention-mask-all-zero
# symptom: silent
# %% setup
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, DistilBertModel
from fixtures import MINILM, TEXTS, distilbert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
encoder = DistilBertModel(distilbert_config()).eval()
# %% cell
def collate(texts):
    rows = [torch.tensor(tokenizer.encode(t)) for t in texts]
    ids = pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_token_id)
    key_padding_mask = ids.eq(tokenizer.pad_token_id)      # as nn.MultiheadAttention has it
    return ids, key_padding_mask

loader = torch.utils.data.DataLoader(TEXTS, batch_size=4, collate_fn=collate)
outputs = []
with torch.inference_mode():
    for ids, mask in loader:
        outputs.append(encoder(ids, attention_mask=mask).last_hidden_state[:, 0])
features = torch.cat(outputs)
# %% fixed
def collate(texts):
    rows = [torch.tensor(tokenizer.encode(t)) for t in texts]
    ids = pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_token_id)
    token_mask = ids.ne(tokenizer.pad_token_id)
    return ids, token_mask

loader = torch.utils.data.DataLoader(TEXTS, batch_size=4, collate_fn=collate)
outputs = []
with torch.inference_mode():
    for ids, mask in loader:
        outputs.append(encoder(ids, attention_mask=mask).last_hidden_state[:, 0])
features = torch.cat(outputs)
# %% proof
alone = encoder(**tokenizer(TEXTS[3], return_tensors="pt", return_token_type_ids=False)).last_hidden_state[0, 0]
ids, mask = collate(TEXTS[:4])
assert not mask[3, 0] and mask[3, -1]
assert (features[3] - alone).abs().max() > 1e-3
