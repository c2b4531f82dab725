"""Rules on token ids: what they may be, and how many."""

from __future__ import annotations

import json

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.padding import padding_positions
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import encoder_name
from bertmagic.rules.dialect import (
    by_preprocessor,
    clipped,
    out_of_range,
    replaced,
    tensors_like,
    tokenized,
    tokenizer_name,
)
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed, rows_of


@rule("error")
def tokenizer_model_mismatch(call: CallFacts) -> Finding | None:
    """The tokenizer's vocabulary is not the model's: another checkpoint, or tokens added and embeddings not resized.

    What it finds: token ids that the word embeddings have no row for, where the tokenizer of these ids has more tokens
    than the embeddings have rows. A tokenizer with fewer tokens than rows is usual: embeddings are rounded up.

    Why it is bad: an id means another word to the model than to the tokenizer, or none at all; in TensorFlow the lookup
    raises on a CPU, and reads zeros on a GPU without an error.

    Wrong:

        tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
        model = TFBertModel.from_pretrained("bert-base-cased")

        tokenizer.add_tokens(["<laugh>"])
        model(tokenizer("<laugh>", return_tensors="tf"))

    Right:

        tokenizer = AutoTokenizer.from_pretrained("bert-base-cased")
        model = TFBertModel.from_pretrained("bert-base-cased")

        tokenizer.add_tokens(["<laugh>"])
        model.resize_token_embeddings(len(tokenizer))
        model(tokenizer("<laugh>", return_tensors="tf"))
    """
    tokenizer = call.tokenizer
    for encoder_call, ids in call.token_ids():
        values, encoder = ids.values, encoder_call.encoder
        rows = encoder.vocab_rows
        if tokenizer is None or values is None or rows is None or not (encoder_call.seen or surely_ids(call)):
            continue
        if not _is_tokenizers_own(call, values, rows) or not (values >= rows).any():
            continue
        bad = values >= rows
        found = sorted({int(value) for value in values[bad]})
        at = ids.rows_at(bad)
        name = tokenizer.said or "tokenizer"
        added = tokenizer.base_rows is not None and tokenizer.base_rows <= rows
        fault = (
            f"`{name}` has {tokenizer.vocab_rows} tokens, {tokenizer.vocab_rows - rows} more than the {rows} rows of "
            f"`{encoder.source}`"
        )
        why = f"; {tokenizer.vocab_rows - (tokenizer.base_rows or 0)} of them were added to it" if added else ""
        place = rows_of(at) if values.ndim > 1 else f"position{'s' if len(at) > 1 else ''} {listed(at)}"
        return Finding(
            "tokenizer-model-mismatch",
            "error",
            name,
            f"`{name}` has more tokens than `{encoder_name(call, encoder_call)}` has embeddings",
            f"{fault}{why}. `{ids.called}` holds {listed(found)} in {place}, beyond those rows.",
            {
                "tokens": tokenizer.vocab_rows,
                "vocabulary rows": rows,
                "source": encoder.source,
                "ids": found[:20],
                "rows": at,
                "places": ids.places_at(bad),
                "paired": tokenizer.paired,
            },
            _same_vocabulary(call, encoder, name, added),
        )
    return _of_another_kind(call)


def _of_another_kind(call: CallFacts) -> Finding | None:
    """Ids that are all in range, of a tokenizer whose vocabulary is another: its size and its padding token tell.

    Embeddings have more rows than tokens where they are rounded up, by far fewer than half of them.
    """
    tokenizer = call.tokenizer
    for encoder_call, ids in call.token_ids():
        encoder = encoder_call.encoder
        rows, pad = encoder.vocab_rows, encoder.pad_id
        if tokenizer is None or rows is None or pad is None or tokenizer.pad_id in (None, pad):
            continue
        if not encoder_call.seen or not tokenizer.made_rows or encoder.pretrained is None:
            continue
        if rows < 2 * tokenizer.vocab_rows:
            continue
        name, model = tokenizer.said or "tokenizer", encoder_name(call, encoder_call)
        return Finding(
            "tokenizer-model-mismatch",
            "error",
            name,
            f"`{name}` is not the tokenizer of `{model}`: its vocabulary is another",
            f"`{name}` has {tokenizer.vocab_rows} tokens and pads with {tokenizer.pad_id}; `{model}` was trained with "
            f"{rows} and pads with {pad}. `{ids.called}` is looked up in a table that was made for other tokens, and "
            "nothing is raised.",
            {
                "tokens": tokenizer.vocab_rows,
                "vocabulary rows": rows,
                "padding token": [tokenizer.pad_id, pad],
                "source": encoder.source,
                "paired": tokenizer.paired,
            },
            _same_vocabulary(call, encoder, name, added=False),
        )
    return None


def _is_tokenizers_own(call: CallFacts, values: np.ndarray, rows: int) -> bool:
    """Whether all these ids are the tokenizer's, which has more tokens than the embeddings have `rows`."""
    tokenizer = call.tokenizer
    if tokenizer is None or tokenizer.vocab_rows <= rows or values.dtype.kind not in "iuf":
        return False
    return bool(((values >= 0) & (values < tokenizer.vocab_rows)).all())


def _same_vocabulary(call: CallFacts, encoder: EncoderFacts, name: str, added: bool) -> Fix:
    """The embeddings resized, the model's own tokenizer, or a config of the tokenizer's size."""
    model = call.model.said
    if added and not call.model.speaks_hub:
        whole = f"{model}.resize_token_embeddings(len({name}))  # once tokens are added"
        kind = "transformers" if call.model.framework == "torch" else "TF"
        inner = (
            f"# the {kind} model that holds `{encoder.path}`: resize_token_embeddings(len({name})) once tokens are "
            "added"
        )
        return Fix("Resize the embeddings for the added tokens", whole if call.model.is_transformers else inner)
    if encoder.pretrained is not None and not added:
        return Fix("Take the model's own tokenizer", f"{name} = {_own_tokenizer(call, encoder.pretrained)}")
    if call.model.speaks_hub:
        size = call.tokenizer.vocab_rows if call.tokenizer is not None else 0
        return Fix(
            "Make the model for the tokenizer's vocabulary",
            f"vocabulary_size = {size}  # of the backbone, where `{model}` is made: {encoder.vocab_rows} now",
        )
    return Fix(
        "Make the model for the tokenizer's vocabulary",
        f"vocab_size = len({name})  # in the config that `{model}` is made from: {encoder.vocab_rows} now",
    )


def _own_tokenizer(call: CallFacts, pretrained: str) -> str:
    """The tokenizer of a checkpoint, in the way of the model's library."""
    load = "keras_hub.models.Tokenizer.from_preset" if call.model.speaks_hub else "AutoTokenizer.from_pretrained"
    return f"{load}({json.dumps(pretrained)})"


@rule("error")
def ids_out_of_vocabulary(call: CallFacts) -> Finding | None:
    """A token id is negative, or not below the rows of the word embeddings.

    What it finds: ids that the embedding has no row for, where the tokenizer is not to blame (a tokenizer with more
    tokens than the model has rows is another checkpoint's).

    Why it is bad: on a CPU the lookup raises; on a GPU TensorFlow gathers zeros for it, without a word, and PyTorch's
    device assert ends the kernel. JAX gives NaN for it, and Keras 3 counts a negative id from the last row.

    Wrong:

        ids = np.where(mask == 1, ids, -100)
        model(ids)

    Right:

        labels = np.where(mask == 1, ids, -100)   # -100 belongs in the labels, which a loss ignores
        model(ids)
    """
    for encoder_call, ids in call.token_ids():
        values, rows = ids.values, encoder_call.encoder.vocab_rows
        if values is None or rows is None or values.dtype.kind not in "iuf" or values.ndim == 0:
            continue
        if not encoder_call.seen and not surely_ids(call):
            continue
        if _is_tokenizers_own(call, values, rows):
            continue  # The tokenizer is to blame, if any of them is out of range.
        bad = np.isfinite(values) & ((values < 0) | (values >= rows))
        if not bad.any():
            continue
        where = np.argwhere(bad)
        found = sorted({int(value) for value in values[bad]})
        at = ids.rows_at(bad)
        position = f", first at position {int(where[0][-1])}" if values.ndim > 1 else ""
        place = rows_of(at) if values.ndim > 1 else f"position{'s' if len(at) > 1 else ''} {listed(at)}"
        noun = "token id" if len(found) == 1 else "token ids"
        device = out_of_range(call.model, found, rows)
        return Finding(
            "ids-out-of-vocabulary",
            "error",
            ids.called,
            f"`{ids.called}` holds token ids that the model has no embedding for",
            f"`{ids.called}` holds the {noun} {listed(found)} in {place}{position}; the {rows} rows of "
            f"`{encoder_call.encoder.source}` are for token ids 0 to {rows - 1}.{device}",
            {
                "ids": found[:20],
                "rows": at,
                "places": ids.places_at(bad),
                "vocabulary rows": rows,
                "source": encoder_call.encoder.source,
            },
            _vocabulary_fix(call, encoder_call, ids, found),
        )
    return None


def surely_ids(call: CallFacts) -> bool:
    """Whether inputs that no encoder was seen to receive are token ids: one of that role, and a pass that failed.

    A call that was only read may be of a model that makes ids of its own of them. One of a library's own model is not.
    """
    if call.error is None and not call.model.is_transformers:
        return False
    return not call.ran and sum(tensor.role == "input_ids" for tensor in call.inputs) == 1


def _vocabulary_fix(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, found: list[int]) -> Fix:
    pad_id = call.pad_id(encoder_call.encoder)
    name = ids.called
    if len(found) == 1 and found[0] < 0 and pad_id is not None and _is_padding(ids, found[0]):
        code = f"{name} = {replaced(ids, f'{name} == {found[0]}', pad_id)}"
        only = "; -100 is for labels, where the loss ignores it" if found[0] == -100 else ""
        return Fix(f"Pad with the padding token's id, {pad_id}{only}", code)
    pretrained = encoder_call.encoder.pretrained
    lines = [f"{tokenizer_name(call)} = {_own_tokenizer(call, pretrained)}"] if pretrained else []
    made = tokenized(call, tensors_like(call.model, ids), said=name)
    key = "token_ids" if by_preprocessor(call) is not None else "input_ids"
    lines.append(f'{made}["{key}"]')
    return Fix("Take the token ids from the model's own tokenizer", "\n".join(lines))


def _is_padding(ids: TensorFacts, value: int) -> bool:
    """Whether `value` stands at the rows' ends (or beginnings) only, as padding does."""
    values = ids.values
    return (
        values is not None and values.ndim == 2 and bool((padding_positions(values, value) == (values == value)).all())
    )


@rule("error")
def sequence_too_long(call: CallFacts) -> Finding | None:
    """The sequence is longer than the model has positions for.

    What it finds: more tokens in a row than the encoder's position embeddings have rows: 512 for BERT. RoBERTa's table
    has 514 rows and counts from its padding id + 1, so that it takes 512 tokens too; its padding takes no position.

    Why it is bad: on a CPU the position lookup raises from a layer that nobody wrote; on a GPU TensorFlow reads zeros,
    and PyTorch's device assert ends the kernel.

    Wrong:

        enc = tokenizer(texts, padding=True, return_tensors="tf")

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, max_length=512, return_tensors="tf")
    """
    for encoder_call in call.encoder_calls:
        encoder = encoder_call.encoder
        tokens = encoder_call.whole("input_ids") or encoder_call.whole("inputs_embeds")
        most = encoder.max_tokens
        if tokens is None or most is None or len(tokens.shape) < 2 or "position_ids" in encoder_call.given:
            continue
        if not encoder_call.seen and not surely_ids(call):
            continue
        measured = _tokens_in_a_row(tokens, encoder, most)
        if measured is None or measured[0] <= most:
            continue
        length, rows = measured
        where = f" in {rows_of(rows)}" if rows else ""
        table = f"{encoder.positions} rows of position embeddings"
        if encoder.position_offset:
            table += f", counted from {encoder.position_offset}"
        raised = f" {call.error.type} is raised." if call.error is not None else ""
        return Finding(
            "sequence-too-long",
            "error",
            tokens.called,
            f"`{tokens.called}` has {length} tokens a row, and the model takes {most}",
            f"`{tokens.called}` has {length} tokens along its sequence axis{where}, and "
            f"`{encoder_name(call, encoder_call)}` takes at most {most} ({table}): {length - most} too many.{raised}",
            {
                "length": length,
                "most": most,
                "positions": encoder.positions,
                **({"first position": encoder.position_offset} if encoder.position_offset else {}),
                "rows": rows,
            },
            Fix(f"Truncate to {most} tokens", tokenized(call, tensors_like(call.model, tokens), most=most)),
        )
    return None


def _tokens_in_a_row(tokens: TensorFacts, encoder: EncoderFacts, most: int) -> tuple[int, list[int]] | None:
    """The longest row in tokens that take a position, and the rows with more than `most`; None where nothing tells."""
    if tokens.role == "inputs_embeds":
        return tokens.shape[1], []
    if not encoder.position_offset:
        return tokens.shape[-1], []
    if tokens.values is None:
        return None
    # Positions are counted over tokens that are not padding (transformers 4.53.3, TFRobertaEmbeddings).
    counts = (tokens.values != encoder.position_offset - 1).sum(axis=-1).reshape(-1)
    rows = [tokens.row_index(int(row)) for row in np.flatnonzero(counts > most)] if tokens.values.ndim == 2 else []
    return int(counts.max(initial=0)), rows


@rule("error")
def token_type_ids_invalid(call: CallFacts) -> Finding | None:
    """Token types are not below the rows of the model's token type embeddings.

    What it finds: token types that the encoder receives and has no embedding for: a second segment for RoBERTa, which
    has one type only, or another tensor in their place.

    Why it is bad: the lookup raises on a CPU (`indices … is not in [0, 1)`); on a GPU TensorFlow reads zeros, and
    PyTorch's device assert ends the kernel. JAX gives NaN.

    Wrong:

        roberta(ids, attention_mask=mask, token_type_ids=segments)   # 0 and 1; type_vocab_size is 1

    Right:

        roberta(ids, attention_mask=mask)
    """
    for encoder_call in call.encoder_calls:
        types, rows = encoder_call.whole("token_type_ids"), encoder_call.encoder.types
        if not encoder_call.seen or types is None or types.values is None or not rows:
            continue
        values = types.values
        if values.dtype.kind not in "iuf" or values.ndim < 2 or not values.size:
            continue
        bad = np.isfinite(values) & ((values < 0) | (values >= rows))
        if not bad.any():
            continue
        where = np.argwhere(bad)
        found = sorted({int(value) for value in values[bad]})
        at = types.rows_at(bad)
        raised = f" {call.error.type} is raised." if call.error is not None else ""
        only = "only token type 0" if rows == 1 else f"token types 0 to {rows - 1}"
        name = encoder_name(call, encoder_call)
        ids = encoder_call.whole("input_ids")
        beyond = rows == 1 or ids is None
        mask = encoder_call.whole("attention_mask")
        code = f"{call.model.said}({ids.called if ids is not None else 'ids'}, attention_mask="
        code += f"{mask.called if mask is not None else 'mask'})"
        setting = "num_segments" if call.model.speaks_hub else "type_vocab_size"
        # In Keras and JAX the lookup goes on without an error.
        silent = (
            ""
            if call.error is not None or call.model.framework == "tf-keras"
            else out_of_range(call.model, found, rows, what="type")
        )
        return Finding(
            "token-type-ids-invalid",
            "error",
            types.called,
            f"`{types.called}` holds token types that `{name}` has no embedding for",
            f"`{types.called}` holds {listed(found)} in {rows_of(at)}, first at position {int(where[0][-1])}; `{name}` "
            f"has {only} ({setting} is {rows}).{raised or silent}",
            {
                "values": found[:20],
                "rows": at,
                "places": types.places_at(bad),
                setting: rows,
            },
            Fix("Leave the token types out", f"{code}  # no token_type_ids")
            if beyond and not call.model.speaks_hub
            else Fix("Number the segments from 0", f"{types.called} = {clipped(types, 0, rows - 1)}"),
        )
    return None
