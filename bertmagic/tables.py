"""Facts as the report's table rows: what each input, output and label was expected to be, and is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertmagic.backends.protocol import LayerRecord
from bertmagic.facts.axes import shape_text, token_axes
from bertmagic.facts.call import CallFacts
from bertmagic.facts.model import InputFacts
from bertmagic.facts.tensors import Role, TensorFacts, values_text
from bertmagic.finding import Finding
from bertmagic.report import Described, Layer, Status, Tensor
from bertmagic.rules.labels import expected_labels, label_shape_text


def input_rows(call: CallFacts, findings: Sequence[Finding]) -> tuple[Tensor, ...]:
    """A row for each input that the model takes and that was fed, is required, or is named by a finding."""
    fed = {tensor.name: tensor for tensor in call.inputs}
    rows = []
    for expected in call.model.inputs:
        tensor = fed.pop(expected.name, None)
        if tensor is None and not expected.required:
            continue
        rows.append(_input_row(call, expected, tensor, findings))
    for tensor in fed.values():
        # What a task's preprocessor makes the inputs of is no input of the model, and right there.
        raw = call.model.preprocesses is not None and call.kind not in ("call", "check") and tensor.dtype == "object"
        unknown = not raw and bool(call.model.inputs) and (tensor.role is None or tensor.name.startswith("input "))
        status: Status = "unexpected" if unknown else _status(tensor, findings, fits=True)
        rows.append(Tensor(tensor.name, None, _actual(call, tensor, tensor.role), status))
    masked = any(tensor.role == "attention_mask" for tensor in call.inputs)
    if not masked and any(finding.rule == "attention-mask-missing" for finding in findings):
        wanted = Described("(batch, seq)", "integer", _expected_values(call, "attention_mask"))
        rows.append(Tensor(call.model.name("attention_mask"), wanted, None, "missing"))
    return tuple(rows)


def _input_row(
    call: CallFacts, expected: InputFacts, tensor: TensorFacts | None, findings: Sequence[Finding]
) -> Tensor:
    role = tensor.role if tensor is not None and tensor.role is not None else expected.role
    shape = "any" if expected.shape is None else _expected_shape(call, expected.shape, role)
    described = Described(shape, expected.dtype or "any", _expected_values(call, role))
    if tensor is None:
        return Tensor(expected.name, described, None, "missing")
    fits = expected.shape is None or _fits(expected.shape, tensor.shape)
    return Tensor(expected.name, described, _actual(call, tensor, role), _status(tensor, findings, fits))


def _expected_shape(call: CallFacts, shape: Sequence[int | None], role: Role | None, output: bool = False) -> str:
    """The shape that the model takes; its batch axis is free, whatever the batch at hand."""
    sizes = {name: size for name, size in call.sizes.items() if name != "batch"}
    known = _known_axes(call, len(shape), role)
    most = next((each.max_tokens for each in call.model.encoders if not each.position_offset), None)
    if not output and most is not None and known[-1:] == ("seq",) and shape[-1] is None:
        # Positions run out: the axis is free up to their number.
        return shape_text(shape, sizes, known=known).replace("seq)", f"seq<={most})")
    return shape_text(shape, sizes, known=known, output=output)


def _known_axes(call: CallFacts, rank: int, role: Role | None) -> tuple[str, ...]:
    """The axes that a role tells; an `Input` of another role may hold anything."""
    if role is None:
        return ()
    if role == "inputs_embeds":
        return ("batch", "seq", "hidden") if rank == 3 else ()
    return token_axes(rank, call.model.choices)


def _fits(expected: Sequence[int | None], found: Sequence[int]) -> bool:
    return len(expected) == len(found) and all(
        want is None or want == have for want, have in zip(expected, found, strict=True)
    )


def _expected_values(call: CallFacts, role: Role | None) -> str:
    encoder = call.model.encoders[0] if call.model.encoders else None
    if role == "input_ids" and encoder is not None and encoder.vocab_rows is not None:
        return f"0 … {encoder.vocab_rows - 1}"
    if role == "attention_mask":
        return "1 on tokens, 0 on padding"
    if role == "token_type_ids" and encoder is not None and encoder.types:
        return "all 0" if encoder.types == 1 else f"0 … {encoder.types - 1}"
    if role == "position_ids" and encoder is not None and encoder.positions is not None:
        return f"0 … {encoder.positions - 1}"
    return "finite" if role == "inputs_embeds" else "any"


def _actual(call: CallFacts, tensor: TensorFacts, role: Role | None = None, output: bool = False) -> Described:
    shape = shape_text(tensor.shape, call.sizes, known=_known_axes(call, len(tensor.shape), role), output=output)
    return Described(shape, tensor.dtype, values_text(tensor), tensor.said)


def _status(tensor: TensorFacts, findings: Sequence[Finding], fits: bool) -> Status:
    # A missing input is not the fault of those that are there.
    missing = ("attention-mask-missing", "input-missing")
    faults = {each.subject for each in findings if each.severity != "advice" and each.rule not in missing}
    return "wrong" if not fits or {tensor.called, tensor.name} & faults else "ok"


def output_rows(call: CallFacts) -> tuple[Tensor, ...]:
    """A row for each output; each is expected to be finite, and of the shape that the model tells where it does."""
    known = {output.name: output for output in call.model.outputs}
    rows = []
    for tensor in call.outputs:
        want = known.get(tensor.name)
        told = want.shape if want is not None else None
        finite = tensor.values is None or tensor.values.dtype.kind not in "fc" or bool(np.isfinite(tensor.values).all())
        expected = Described(
            "any" if told is None else _expected_shape(call, told, None, output=True),
            (want.dtype if want is not None else None) or "any",
            "finite",
        )
        status: Status = "ok" if finite and (told is None or _fits(told, tensor.shape)) else "wrong"
        rows.append(Tensor(tensor.name, expected, _actual(call, tensor, output=True), status))
    return tuple(rows)


def label_rows(call: CallFacts, findings: Sequence[Finding]) -> tuple[Tensor, ...]:
    """A row for each tensor of labels, against what the outputs and the loss take."""
    rows = []
    for tensor in call.labels:
        wanted = expected_labels(call) if len(call.labels) == 1 else None
        actual = Described(label_shape_text(call, tensor.shape), tensor.dtype, values_text(tensor), tensor.said)
        if wanted is None:
            rows.append(Tensor(tensor.name, None, actual, "not checked"))
            continue
        shapes, dtype, values = wanted
        expected = Described(label_shape_text(call, shapes[0]), dtype, values)
        wrong = any(finding.subject in (tensor.called, tensor.name) for finding in findings)
        rows.append(Tensor(tensor.name, expected, actual, "wrong" if wrong else "ok"))
    return tuple(rows)


def layer_rows(records: Sequence[LayerRecord], call: CallFacts, used: str | None = "CPU:0") -> tuple[Layer, ...]:
    """The layers of the dry pass, parameters summed over what lies below each; `used`: the device that it ran on.

    On a GPU a call returns when its work is queued, so that its time is not the layer's.
    """
    timed = used is not None and used.startswith("CPU")
    sizes = {**call.sizes, "batch": len(call.rows_run) or call.rows_of}
    below = [record.params for record in records]
    for place in range(len(records) - 1, -1, -1):
        level = records[place].level
        for parent in range(place - 1, -1, -1):
            if records[parent].level < level:
                below[parent] += below[place]
                break
    # Where a layer failed, not all that it would have called is in the records below.
    totals = [total if record.total is None else record.total for record, total in zip(records, below, strict=True)]
    return tuple(
        Layer(
            path=record.path,
            type=record.type,
            level=record.level,
            inputs=tuple(shape_text(shape, sizes) for shape in record.inputs),
            outputs=tuple(shape_text(shape, sizes) for shape in record.outputs),
            dtype=record.dtype,
            params=params,
            seconds=round(record.seconds, 6) if timed and record.seconds is not None else None,
            status="failed" if record.failed else "ok" if record.ran else "not run",
        )
        for record, params in zip(records, totals, strict=True)
    )
