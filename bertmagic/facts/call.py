"""Facts about one observed call of a model: what it was given, what its encoders received, what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from bertmagic.facts.loss import LossFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.padding import padding_positions
from bertmagic.facts.site import Site
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.facts.training import HardwareFacts, StateFacts

CallKind: TypeAlias = Literal["fit", "evaluate", "predict", "call", "train_on_batch", "check"]


@dataclass(frozen=True)
class ErrorFacts:
    """An exception that the dry pass met. `layer`: the path of the innermost layer that it passed through.

    `ran`: the paths of the layers that went through before it, in the order in which they ended.
    """

    type: str
    text: str
    layer: str | None
    where: Literal["data", "forward", "loss"]
    ran: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbeFacts:
    """How far the output moved when something changed that must not matter.

    `moved`: the largest change of the compared outputs; `scale`: their largest magnitude; `floor`: the noise below
    which nothing is said (same unit as `moved`). `rows`: of the batch.
    """

    name: str
    rows: tuple[int, ...]
    moved: float
    scale: float
    floor: float

    @property
    def matters(self) -> bool:
        """Whether the output moved beyond the noise."""
        return self.moved > self.floor


@dataclass(frozen=True)
class UnpaddedFacts:
    """[CLS] of padded rows against the very same rows run alone without their padding: largest change, by row.

    `masked`: the same with a mask that is 0 over the padding, the proof of the fix; None where not run.
    """

    moved: Mapping[int, float]
    plain: Mapping[int, float]
    masked: Mapping[int, float] | None


@dataclass(frozen=True)
class PoolingFacts:
    """One vector a text, made of all positions of a sequence, padding among them, where the mask itself is right.

    `name`: the output or tensor that is moved; `how`: the way of pooling where it is known; `padding`: the number of
    padding tokens by row of the batch. `moved`: how far it goes, of the size `scale`, when what `ran` says is done.
    `encoder`: what the cell calls the encoder whose hidden states are pooled; `mask`: the mask that it got, as a name;
    `layer`: the path of the layer that pools, where there is one.
    """

    name: str
    how: Literal["mean", "max"] | None
    padding: Mapping[int, int]
    moved: float
    scale: float
    ran: str
    encoder: str
    mask: str
    layer: str | None = None


@dataclass(frozen=True)
class BroadcastFacts:
    """One number of the model's for each row, and one label for each row, that the cell's own code sets each against
    all: (batch, 1) and (batch,), of which one number comes in the end, as a loss.

    `what`: the operation in words (`difference`). `output`, `labels`: the cell's names, None where it has none.
    """

    output: str | None
    output_shape: tuple[int, ...]
    labels: str | None
    labels_shape: tuple[int, ...]
    what: str


@dataclass(frozen=True)
class EncoderCallFacts:
    """What one encoder received while the dry pass ran (values for the rows run only).

    `source`: by role, the call's own input that holds the same values, where there is one: the whole batch's facts.
    `training`: the mode that it was called in, None where that is not known; the dry pass itself asks for inference.
    """

    encoder: EncoderFacts
    given: Mapping[Role, TensorFacts]
    source: Mapping[Role, TensorFacts] = field(default_factory=dict)
    # Whether the encoder's arguments were seen; False: guessed from the call's inputs, the forward did not get there.
    seen: bool = True
    training: bool | None = None
    # Tensors given by names that the encoder does not know and swallows, with the roles that the names tell.
    unknown: tuple[tuple[str, Role | None], ...] = ()
    # Where the user's own code calls it, innermost first.
    sites: tuple[Site, ...] = field(default=(), repr=False, compare=False)

    def whole(self, role: Role) -> TensorFacts | None:
        """The tensor of that role for the whole batch where it is known, else for the rows run."""
        return self.source.get(role) or self.given.get(role)


@dataclass(frozen=True)
class CallFacts:
    """One call of a model. `labels`, `outputs`: those of the loss; `error`: what the dry pass raised, if it did.

    `weights`: the sample weights, where the call has any. `state`: of the model's weights; None where not read.
    `training`: the mode of a direct call, None where nothing tells it (then inference), and `training_by` what does;
    `watched`: whether a gradient tape records it; `on_purpose`: whether training mode is meant, as where the same rows
    are run several times.
    """

    kind: CallKind
    model: ModelFacts
    inputs: tuple[TensorFacts, ...]
    labels: tuple[TensorFacts, ...] = ()
    weights: tuple[TensorFacts, ...] = ()
    outputs: tuple[TensorFacts, ...] = ()
    encoder_calls: tuple[EncoderCallFacts, ...] = ()
    loss: LossFacts | None = None
    error: ErrorFacts | None = None
    tokenizer: TokenizerFacts | None = None
    probes: Mapping[str, ProbeFacts] = field(default_factory=dict)
    unpadded: UnpaddedFacts | None = None
    container: str = "arrays"
    # The object that holds the inputs: its name in the cell, and for a stream the parts of one element (a flat tuple).
    data: str | None = None
    data_type: str = ""
    parts: int | None = None
    state: StateFacts | None = None
    hardware: HardwareFacts | None = None
    rows_of: int = 0
    rows_run: tuple[int, ...] = ()
    pooling: tuple[PoolingFacts, ...] = ()
    broadcasts: tuple[BroadcastFacts, ...] = ()
    training: bool | None = None
    training_by: Literal["call", "default", "learning phase", "modules"] = "call"
    watched: bool = False
    on_purpose: bool = False
    # Where the user's own code makes the call, innermost first.
    sites: tuple[Site, ...] = field(default=(), repr=False, compare=False)

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of this call's named axes, for the whole batch: what `facts/axes.py` names axes by."""
        sizes = {**self.model.sizes, "batch": self.rows_of}
        # Token ids first; one of rank 1 beside others is rather a feature of its own, as embeddings of rank 2 are.
        for tensor in sorted(self.inputs, key=lambda each: (len(each.shape) == 1, each.role != "input_ids")):
            rank = len(tensor.shape)
            if tensor.role is None or not 1 <= rank <= 3 or (tensor.role == "inputs_embeds" and rank == 2):
                continue
            sizes["seq"] = tensor.shape[1] if tensor.role == "inputs_embeds" and rank == 3 else tensor.shape[-1]
            if rank == 1:
                del sizes["batch"]  # one text without its batch axis: what counts as rows are its tokens
            if rank == 3 and self.model.choices:
                sizes["choices"] = tensor.shape[1]
            break
        # The last axis of the outputs that a loss compares, where it is no other: one name in outputs and labels.
        for tensor in self.outputs[:1]:
            others = {sizes.get(name) for name in ("labels", "hidden", "vocab", "choices")}
            if len(tensor.shape) > 1 and tensor.shape[-1] not in others:
                sizes["outputs"] = tensor.shape[-1]
        return sizes

    @property
    def compares(self) -> bool:
        """Whether a loss was computed from these labels, as far as the call tells.

        A training step of one's own may change labels before any loss sees them: then none was computed here. The own
        loss of a transformers model is computed inside its call.
        """
        loss = self.loss
        return loss is not None and (loss.value is not None or (loss.kind == "internal" and self.kind == "call"))

    @property
    def ran(self) -> bool:
        """Whether the forward pass went through."""
        return bool(self.outputs) and (self.error is None or self.error.where == "loss")

    def pad_id(self, encoder: EncoderFacts) -> int | None:
        """The padding token's id: that of the tokenizer that made the rows, else the model's, else any tokenizer's."""
        own = self.tokenizer.pad_id if self.tokenizer is not None else None
        if own is not None and self.tokenizer is not None and self.tokenizer.made_rows:
            return own
        return encoder.pad_id if encoder.pad_id is not None else own

    def padding(self, call: EncoderCallFacts) -> tuple[TensorFacts, np.ndarray] | None:
        """The encoder's token ids (batch, seq) and where they are padding, or None where that cannot be told."""
        ids = call.whole("input_ids")
        pad_id = self.pad_id(call.encoder)
        if ids is None or ids.values is None or pad_id is None or ids.values.ndim != 2 or not ids.values.size:
            return None
        ends = self.tokenizer.ends if self.tokenizer is not None else ()
        return ids, padding_positions(ids.values, pad_id, ends)

    def token_ids(self) -> Iterator[tuple[EncoderCallFacts, TensorFacts]]:
        """Each encoder's call with the token ids that it was given."""
        for call in self.encoder_calls:
            ids = call.whole("input_ids")
            if ids is not None and ids.values is not None:
                yield call, ids
