# id: k3-three-parts-two-types
# stack: keras-jax
# source: made for this set
# expect: token-type-ids-invalid
# also: outputs-not-finite
# symptom: silent
# %% setup
import numpy as np
import keras
import keras_hub
from fixtures import MINILM, TEXTS, LABELS
tok = keras_hub.models.BertTokenizer.from_preset(MINILM)
bert = keras_hub.models.BertBackbone.from_preset(MINILM)
title, body, verdict = TEXTS[:3], TEXTS[3:6], ["good", "bad", "good"]
# %% cell
packer = keras_hub.layers.MultiSegmentPacker(
    sequence_length=40,
    start_value=tok.cls_token_id,
    end_value=tok.sep_token_id,
    pad_value=tok.pad_token_id,
)
ids, types = packer((tok(title), tok(body), tok(verdict)))
ids, types = np.asarray(ids), np.asarray(types)
pooled = bert.predict(
    {"token_ids": ids, "segment_ids": types, "padding_mask": ids != tok.pad_token_id}, verbose=0
)["pooled_output"]
# %% fixed
packer = keras_hub.layers.MultiSegmentPacker(
    sequence_length=40,
    start_value=tok.cls_token_id,
    end_value=tok.sep_token_id,
    pad_value=tok.pad_token_id,
)
ids, types = packer((tok(title), tok(body), tok(verdict)))
ids, types = np.asarray(ids), np.minimum(np.asarray(types), 1)
pooled = bert.predict(
    {"token_ids": ids, "segment_ids": types, "padding_mask": ids != tok.pad_token_id}, verbose=0
)["pooled_output"]
# %% proof
assert types.max() == 2 and bert.num_segments == 2
assert np.isnan(pooled).any()
