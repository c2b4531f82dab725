# id: pt-ok-subclass-ordinal-loss
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
from transformers import BertForSequenceClassification
from transformers.modeling_outputs import SequenceClassifierOutput
# %% cell
class Ordinal(BertForSequenceClassification):
    """K - 1 thresholds for grades 1 to K."""

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None, **kwargs):
        out = super().forward(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids, **kwargs)
        loss = None
        if labels is not None:
            steps = torch.arange(1, self.num_labels + 1)
            loss = F.binary_cross_entropy_with_logits(out.logits, (labels[:, None] > steps).float())
        return SequenceClassifierOutput(loss=loss, logits=out.logits)

GRADES = torch.tensor([4, 1, 4, 1, 3, 4, 2, 2])
model = Ordinal.from_pretrained(MINILM, num_labels=3).train()
opt = torch.optim.AdamW(model.parameters(), lr=2e-5)
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
loss = model(**enc, labels=GRADES).loss
loss.backward()
opt.step()
model.eval()
with torch.no_grad():
    grade = 1 + (model(**enc).logits > 0).sum(-1)
