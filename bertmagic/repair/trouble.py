"""What a repairer is given: a finding, the facts that it came from, and the cell's own source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.cell import CellFacts, TokenizerCallFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.finding import Finding, Proof
from bertmagic.repair.flow import Flow
from bertmagic.repair.source import Edit, Source, last_name


@dataclass(frozen=True)
class Repair:
    """The least change that mends one finding.

    `title`: what the change does, where the finding's own fix says something else; `instead`: the other honest way, in
    a few words. `restart`: it takes effect in a new kernel only. `proof`: of what was run for it already.
    """

    edits: tuple[Edit, ...]
    title: str | None = None
    instead: str | None = None
    restart: bool = False
    proof: Proof | None = None


@dataclass(frozen=True)
class Trouble:
    """A finding, with the call that it is about (None where it is about the cell), and all that tells how to mend it.

    `namespace`: the cell's names as they stand at its end; to be read only.
    """

    finding: Finding
    call: CallFacts | None
    cell: CellFacts
    source: Source
    flow: Flow = field(repr=False)
    namespace: Mapping[str, Any] = field(repr=False)

    @property
    def at(self) -> ast.Call | None:
        """The call of the model, as it is written in the cell."""
        return None if self.call is None else self.source.call_at(self.call.sites)

    @property
    def model(self) -> Any:
        """The model itself, where the cell has a name for it."""
        return None if self.call is None else self.value(self.call.model.said)

    def value(self, name: str | None) -> Any:
        """The object that the cell calls so; None where it is no plain name, or not there."""
        return self.namespace.get(name) if name else None

    def encoder_at(self, encoder_call: EncoderCallFacts) -> ast.Call | None:
        """Where the cell's own code calls an encoder: in a forward pass, else as the graph of its model was built."""
        found = self.source.call_at(encoder_call.sites)
        # A model made of `Input`s is called by `fit` and the like; its encoder was called as its graph was built.
        through_graph = found is self.at and not self._of_library and bool(encoder_call.encoder.path)
        if found is not None and not through_graph:
            return found
        for built in self.cell.built:
            of = {each.type for each in built.model.encoders}
            if encoder_call.encoder.type in of and built.error is None:
                built_at = self.source.call_at(built.sites)
                if built_at is not None:
                    return built_at
        # Functions that TensorFlow turns into graphs run from a source of its own.
        written = [each for each in self.source.calls() if self._calls_encoder(each, encoder_call.encoder)]
        return written[0] if len(written) == 1 else found

    def _calls_encoder(self, node: ast.Call, encoder: EncoderFacts) -> bool:
        """Whether a call in one of the cell's own functions is of that encoder, as far as the source says."""
        func = node.func
        if not isinstance(func, (ast.Name, ast.Attribute)) or isinstance(self.source.scope(node), ast.Module):
            return False
        origin = self.flow.resolve(func)
        made = origin.node
        if isinstance(made, ast.Name):
            return type(self.value(made.id)).__name__ in self._types(encoder)
        if not isinstance(made, ast.Call) or origin.path:
            return False
        of = made.func.value if isinstance(made.func, ast.Attribute) else made.func
        loads = last_name(made.func) in ("from_pretrained", "from_preset", "from_config")
        automatic = (last_name(of) or "").startswith(("AutoModel", "TFAutoModel"))
        return last_name(of) in self._types(encoder) or (loads and automatic)

    def _types(self, encoder: EncoderFacts) -> set[str]:
        """The class of the encoder, and that of the library's own model around it."""
        own = {self.call.model.type} if self.call is not None and self._of_library else set()
        return own | {encoder.type}

    @property
    def _of_library(self) -> bool:
        """Whether the model is of a library's own class, which the cell's code calls itself."""
        model = None if self.call is None else self.call.model
        return model is not None and (model.library is not None or model.is_transformers)

    @property
    def raised_at(self) -> ast.expr | None:
        """The expression of the cell that raised what ended it, innermost."""
        raised = self.cell.raised
        found = (self.source.node_at(site) for site in (() if raised is None else raised.sites))
        return next((node for node in found if node is not None), None)

    def tokenizer_calls(self) -> Iterator[tuple[TokenizerCallFacts, ast.Call]]:
        """The tokenizers' calls of this cell with their places, the one that made the model's rows first."""
        made = None if self.call is None else self.cell.made(self.call)
        calls = [each for each in self.cell.tokenizer_calls if each is not made]
        for facts in [*([made] if made is not None else []), *calls]:
            node = self.source.call_at(facts.sites)
            if node is not None:
                yield facts, node

    @property
    def tokenizer(self) -> str | None:
        """What the cell calls the tokenizer (or KerasHub preprocessor) of the batch, else the only one called."""
        if self.call is not None and self.call.tokenizer is not None:
            return self.call.tokenizer.said
        said = {each.tokenizer.said for each in self.cell.tokenizer_calls}
        return said.pop() if len(said) == 1 else None

    @property
    def pad(self) -> str | None:
        """The padding token's id as the cell would write it: `tokenizer.pad_token_id`, else a number."""
        if self.call is None or not self.call.encoder_calls:
            return None
        number = self.call.pad_id(self.call.encoder_calls[0].encoder)
        known = self.call.tokenizer
        if known is not None and known.said is not None and known.pad_id == number and not known.holds:
            return f"{known.said}.pad_token_id"
        return None if number is None else str(number)

    def module(self, *names: str) -> str | None:
        """What the cell calls a module: `np` for `numpy`; None where it is not imported there."""
        for given, value in self.namespace.items():
            if (
                type(value).__name__ == "module"
                and getattr(value, "__name__", None) in names
                and not given.startswith("_")
            ):
                return given
        return None

    def module_named(self, name: str) -> bool:
        """Whether the cell's name stands for a module."""
        return type(self.namespace.get(name)).__name__ == "module"

    def is_module(self, node: ast.expr) -> bool:
        """Whether an expression is a module of the cell, or a part of one: `tf.math`."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and self.module_named(node.id)

    def definitions(self, *functions: str) -> Iterator[ast.Call]:
        """The calls in the cell that make something: of classes and functions of these names."""
        return (each for each in self.source.calls() if last_name(each.func) in functions)
