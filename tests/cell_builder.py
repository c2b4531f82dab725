"""Builds `CellFacts` briefly, as observing a real cell would: `cell(raised=raised("ValueError", value("x")))`."""

from __future__ import annotations

from typing import Any

from facts_builder import BERT, TOKENIZER, model

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import (
    BuildFacts,
    CellFacts,
    Origin,
    RaisedFacts,
    SymbolicFacts,
    TextFacts,
    TokenizerCallFacts,
    ValueFacts,
)
from bertmagic.facts.model import ModelFacts
from bertmagic.facts.tokenizer import TokenizerFacts

# An encoder's two outputs, as they are when nothing was made of them yet.
HIDDEN = Origin("bert", BERT, "last_hidden_state")
POOLED = Origin("bert", BERT, "pooler_output")
INPUT = Origin("Input")


def value(said: str | None, kind: str = "tf.Tensor", framework: Any = "tensorflow", **facts: Any) -> ValueFacts:
    """An object that took part in a call, given as its first argument."""
    return ValueFacts(**{"place": "args[0]", "said": said, "kind": kind, "framework": framework, **facts})


def raised(kind: str, *values: ValueFacts, text: str = "", source: str = "", **facts: Any) -> RaisedFacts:
    """What ended the cell: an exception of type `kind` in a call that was given `values`."""
    return RaisedFacts(kind, text, line=1, source=source, values=values, **facts)


def texts(said: str | None = "texts", shape: Any = "batch", count: int = 3, **facts: Any) -> TextFacts:
    """A batch of texts, as a tokenizer is given it."""
    return TextFacts(**{"said": said, "shape": shape, "kind": "list", "count": count, "with_spaces": count, **facts})


def tokenized(
    given: TextFacts | None = None,
    *,
    tokenizer: TokenizerFacts = TOKENIZER,
    error: tuple[str, str] | None = None,
    method: str = "__call__",
    **facts: Any,
) -> TokenizerCallFacts:
    """A tokenizer's call; `error`: the type and text of what it raised."""
    failed = None if error is None else ErrorFacts(*error, None, "data")
    return TokenizerCallFacts(tokenizer, method, given or texts(), error=failed, **facts)


def symbolic(
    name: str, shape: tuple[int | None, ...] = (None, None), dtype: str = "int32", **facts: Any
) -> SymbolicFacts:
    """A symbolic tensor that a model is called on, made by an `Input`."""
    role = name if name in ("input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds") else None
    defaults = {"said": name, "role": role, "origin": INPUT}
    return SymbolicFacts(**{"name": name, "shape": shape, "dtype": dtype, **defaults, **facts})


def built(
    *inputs: SymbolicFacts, of: ModelFacts | None = None, error: ErrorFacts | None = None, ran: Any = ()
) -> BuildFacts:
    """A call of a model on symbolic tensors."""
    return BuildFacts(of or model(said="bert"), inputs, error, tuple(ran))


def cell(
    *calls: CallFacts,
    tokenizer_calls: Any = (),
    builds: Any = (),
    raised: RaisedFacts | None = None,
    versions: dict[str, str] | None = None,
) -> CellFacts:
    """The facts of a cell."""
    known = {"transformers": "4.53.3", "tensorflow": "2.21.0", "tf_keras": "2.21.0", **(versions or {})}
    return CellFacts(calls, tuple(tokenizer_calls), tuple(builds), raised, known)
