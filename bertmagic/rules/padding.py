"""Rules on the padding itself: the token it is made of, and the side that it stands on."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import encoder_name
from bertmagic.rules.dialect import by_preprocessor, family, replaced
from bertmagic.rules.mask import on_same_rows
from bertmagic.rules.registry import rule
from bertmagic.rules.text import surely_ids
from bertmagic.rules.words import listed, rows_of


@rule("error")
def padding_token_wrong(call: CallFacts) -> Finding | None:
    """Rows are padded with an id that is not the tokenizer's padding token.

    What it finds: rows whose text is closed by its end token and then filled up with one other id, where that id is
    neither the tokenizer's nor the model's padding token and the encoder attends to it; and rows filled up with a
    negative number. The padding token is a matter of the checkpoint: 0 for BERT, 1 for RoBERTa.

    Why it is bad: the filling is text to the model (0 is RoBERTa's `<s>`), and a mask made from the right padding id
    covers none of it. A negative id has no embedding at all.

    Wrong:

        ids = pad_sequences(encoded, padding="post", value=0)   # RoBERTa
        mask = (ids != tokenizer.pad_token_id).astype("int32")

    Right:

        ids = pad_sequences(encoded, padding="post", value=tokenizer.pad_token_id)
        mask = (ids != tokenizer.pad_token_id).astype("int32")
    """
    for encoder_call, ids in call.token_ids():
        values, pad_id = ids.values, call.pad_id(encoder_call.encoder)
        if values is None or values.ndim != 2 or values.dtype.kind not in "iuf" or pad_id is None or not values.size:
            continue
        filling = _negative_filling(call, encoder_call, values)
        if filling is None and call.ran and encoder_call.seen:
            filling = _token_filling(call, encoder_call, values)
            if filling is not None and not _attended(encoder_call, ids, filling[1]):
                continue
        if filling is None:
            continue
        wrong, runs = filling
        rows = [int(row) for row in np.flatnonzero(runs.any(axis=1))]
        named = [ids.row_index(row) for row in rows]
        by_tokenizer = call.tokenizer is not None and call.tokenizer.pad_id == pad_id
        name = (call.tokenizer.said if call.tokenizer is not None else None) or "tokenizer"
        own = "config.pad_token_id" if call.model.framework != "keras" else f"the padding token of {call.model.said}"
        source = f"{name}.pad_token_id" if by_tokenizer else own
        table = encoder_call.encoder.vocab_rows
        if wrong < 0 and call.model.framework == "keras" and table is not None and -table <= wrong:
            then = f"Keras counts it from the last row of the embeddings, and reads the token of row {table + wrong}."
        elif wrong < 0:
            then = f"the model has no embedding for {wrong}"
            then += ", which is for labels, where the loss ignores it." if wrong == -100 else "."
        else:
            then = f"to the model {wrong} is a token like any other, and it reads the padding as text."
        first = {ids.row_index(row): int(np.flatnonzero(runs[row])[0]) for row in rows}
        return Finding(
            "padding-token-wrong",
            "error",
            ids.called,
            f"`{ids.called}` is padded with {wrong}, and the padding token is {pad_id}",
            f"{rows_of(named).capitalize()} of `{ids.called}` {'is' if len(rows) == 1 else 'are'} filled up "
            f"with {wrong} at {_lengths(runs[rows])} positions, where `{source}` is {pad_id}: {then}",
            {
                "padded with": wrong,
                "padding token": pad_id,
                "source": source,
                "rows": named,
                "first padding position": first,
            },
            _padded_right(ids, wrong, source if by_tokenizer and call.tokenizer and call.tokenizer.said else pad_id),
        )
    return None


def _negative_filling(
    call: CallFacts, encoder_call: EncoderCallFacts, values: np.ndarray
) -> tuple[int, np.ndarray] | None:
    """The one negative id that fills up rows, and where; None where negative ids stand elsewhere too."""
    bad = values < 0
    rows = encoder_call.encoder.vocab_rows
    if not bad.any() or (rows is not None and (values >= rows).any()):
        return None
    found = np.unique(values[bad])
    runs = _trailing(values, found[0])
    # One id alone at a row's end may be any id gone wrong.
    if found.size > 1 or found[0] != int(found[0]) or (bad & ~runs).any() or int(runs.sum()) < 2:
        return None
    if runs.all(axis=1).all() or not (encoder_call.seen or surely_ids(call)):
        return None
    return int(found[0]), runs


def _token_filling(
    call: CallFacts, encoder_call: EncoderCallFacts, values: np.ndarray
) -> tuple[int, np.ndarray] | None:
    """The id that fills up rows after their end token, and where; None where the rows can be read in another way."""
    tokenizer = call.tokenizer
    if tokenizer is None or tokenizer.pad_id is None or not tokenizer.ends:
        return None
    last = values[:, -1]
    known = {tokenizer.pad_id, encoder_call.encoder.pad_id, tokenizer.mask_id, *tokenizer.ends}
    candidates = {int(each) for each in np.unique(last) if each == int(each) and int(each) not in known and each >= 0}
    if len(candidates) != 1:
        return None
    (wrong,) = candidates
    runs = _trailing(values, wrong)
    lengths = runs.sum(axis=1)
    filled = lengths > 0
    if (lengths == values.shape[1]).any() or int(lengths.max()) < 2:
        return None
    # Each filled row: its text, closed by the end token (some padding that a tokenizer gave may follow), then the run.
    before = values[np.arange(len(values)), values.shape[1] - 1 - lengths]
    closed = np.isin(before, [*tokenizer.ends, tokenizer.pad_id])
    inside = (values == wrong) & ~runs
    if wrong == tokenizer.cls_id:
        inside[:, 0] = False
    has_end = np.isin(values, tokenizer.ends).any(axis=1)
    if not (closed & has_end)[filled].all() or inside.any():
        return None
    # Rows that are not filled must be whole texts or cut ones, not padded in the right way.
    return None if (last == tokenizer.pad_id).any() else (wrong, runs)


def _attended(encoder_call: EncoderCallFacts, ids: TensorFacts, runs: np.ndarray) -> bool:
    """Whether the encoder attends to the filling: no mask, or one that is 1 there."""
    if "attention_mask" not in encoder_call.encoder.takes:
        return False
    mask = encoder_call.whole("attention_mask")
    if mask is None:
        return True
    aligned = on_same_rows(ids, runs, mask)
    return aligned is not None and bool((aligned[2] == 1)[aligned[1]].any())


def _trailing(values: np.ndarray, filling: float) -> np.ndarray:
    """Where the run of `filling` at each row's end stands (batch, seq)."""
    return np.logical_and.accumulate((values == filling)[:, ::-1], axis=1)[:, ::-1]


def _lengths(runs: np.ndarray) -> str:
    counts = sorted({int(each) for each in runs.sum(axis=1)})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _padded_right(ids: TensorFacts, wrong: int, pad: object) -> Fix:
    name = ids.called
    if wrong < 0:
        made = replaced(ids, f"{name} == {wrong}", pad)
        lines = []
    else:
        # The same id may be a text's own first token: only the run at the end is padding.
        run = f"np.cumprod({name}[:, ::-1] == {wrong}, axis=1)[:, ::-1] == 1"
        if family(ids) == "torch":
            run = f"({name}.flip(1) == {wrong}).long().cumprod(1).flip(1) == 1"
        lines = [f"padding = {run}  # the run at each row's end"]
        made = replaced(ids, "padding", pad)
    made = f"tf.constant({made})" if family(ids) == "tensorflow" else made
    lines.append(f"{name} = {made}  # or pad with value={pad}")
    return Fix("Pad with the padding token", "\n".join(lines))


@rule("warning")
def padding_side(call: CallFacts) -> Finding | None:
    """Rows are padded on the left for a model with absolute positions.

    What it finds: padding before a text's first special token, for an encoder that counts positions from the row's
    beginning, given no position ids. Encoders with relative positions, and RoBERTa's, which count from the first
    token, take padding on either side.

    Why it is bad: a text's tokens get other positions with each batch, as its longest text has it, and the first
    position, which pooled heads read, is padding. The mask does not help against that.

    Wrong:

        tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased", padding_side="left")

    Right:

        tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")   # "right"
    """
    tokenizer = call.tokenizer
    if tokenizer is None or tokenizer.cls_id is None or not call.ran:
        return None
    for encoder_call in call.encoder_calls:
        encoder, found = encoder_call.encoder, call.padding(encoder_call)
        if not encoder_call.seen or found is None or encoder.positions is None or encoder.position_offset:
            continue
        own = call.state.encoder(encoder.path) if call.state is not None else None
        if encoder.pretrained is None and (own is None or not own.trained):
            continue  # One that was never trained with padding elsewhere learns its positions as they come.
        ids, padding = found
        if "position_ids" in encoder_call.given or tokenizer.cls_id in (tokenizer.pad_id, tokenizer.sep_id):
            continue
        assert ids.values is not None
        held = padding.any(axis=1) & ~padding.all(axis=1)
        first = np.argmin(padding, axis=1)
        # The text's own first special token after the padding shows that it begins there, and not in the middle.
        begins = ids.values[np.arange(len(ids.values)), first] == tokenizer.cls_id
        left = held & padding[:, 0] & begins
        if not left.any() or (held & ~left).any():
            continue
        rows = [int(row) for row in np.flatnonzero(left)]
        named = [ids.row_index(row) for row in rows]
        name, said = tokenizer.said or "tokenizer", encoder_name(call, encoder_call)
        by_setting = tokenizer.padding_side == "left"
        why = f"`{name}.padding_side` is left, and " if by_setting else ""
        line = f'{name}.padding_side = "right"  # before the texts are tokenized'
        preprocessor = by_preprocessor(call)
        if preprocessor is not None:
            line = f"enc = {preprocessor}(texts)  # KerasHub's preprocessors pad on the right"
        return Finding(
            "padding-side",
            "warning",
            ids.called,
            f"`{ids.called}` is padded on the left, and `{said}` counts positions from there",
            f"{why}{rows_of(named) if why else rows_of(named).capitalize()} of `{ids.called}` "
            f"{'begins' if len(rows) == 1 else 'begin'} with padding: the first token stands at position "
            f"{listed(sorted({int(each) for each in first[rows]}))} in place of 0, and `{said}` has another embedding "
            "for each position.",
            {
                "rows": named,
                "first token's position": {ids.row_index(row): int(first[row]) for row in rows},
                "padding_side": tokenizer.padding_side,
                "positions": encoder.positions,
            },
            Fix("Pad on the right", line),
        )
    return None
