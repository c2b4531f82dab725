# id: pt-pad-sequence-for-roberta
# stack: torch
# source: made for this set
# expect: padding-token-wrong
# symptom: silent
# %% setup
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, RobertaModel
from fixtures import TEXTS, roberta_config, roberta_folder
tok = AutoTokenizer.from_pretrained(roberta_folder())
torch.manual_seed(0)
encoder = RobertaModel(roberta_config()).eval()
# %% cell
rows = [torch.tensor(tok(text)["input_ids"]) for text in TEXTS]
ids = pad_sequence(rows, batch_first=True)
mask = (ids != tok.pad_token_id).long()
with torch.no_grad():
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    vectors = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
nearest = (vectors @ vectors.T).fill_diagonal_(-1).argmax(-1)
# %% fixed
rows = [torch.tensor(tok(text)["input_ids"]) for text in TEXTS]
ids = pad_sequence(rows, batch_first=True, padding_value=tok.pad_token_id)
mask = (ids != tok.pad_token_id).long()
with torch.no_grad():
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    vectors = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
nearest = (vectors @ vectors.T).fill_diagonal_(-1).argmax(-1)
# %% proof
lengths = torch.tensor([len(row) for row in rows])
assert tok.pad_token_id == 1 and (mask.sum(1) > lengths).any()
with torch.no_grad():
    alone = encoder(rows[0][None]).last_hidden_state[0, 0]
assert (hidden[0, 0] - alone).abs().max() > 1e-4
