"""Rules on the special tokens that begin and close a text: twice, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import by_preprocessor
from bertmagic.rules.registry import rule
from bertmagic.rules.words import rows_of

# Nearly all rows must show it: one text may hold such tokens of its own.
_NEARLY_ALL = 0.9
# Heads that read the first token's vector.
_FIRST_TOKEN_HEADS = ("ForSequenceClassification", "ForMultipleChoice", "ForNextSentencePrediction")
# Heads that are trained on running text, which need not begin or end in a row.
_RUNNING_TEXT_HEADS = ("MaskedLM", "PreTraining", "LMHead", "TokenClassification", "QuestionAnswering")


@rule("warning")
def special_tokens_doubled(call: CallFacts) -> Finding | None:
    """Rows have the model's start and separator tokens twice.

    What it finds: nearly all rows begin with two start tokens, and those that were not cut end with two separators.
    Two separators alone are right: an empty second text gives them.

    Why it is bad: the tokenizer adds `[CLS]` and `[SEP]` itself, and reads those written in the text as special tokens
    too. The model has seen no text that begins so, and its vectors move, without an error.

    Wrong:

        enc = tokenizer(["[CLS] " + text + " [SEP]" for text in texts], padding=True)

    Right:

        enc = tokenizer(texts, padding=True)
    """
    for _, ids, tokenizer, texts in _texts(call):
        cls, width = tokenizer.cls_id, ids.shape[1]
        doubled = [
            row
            for row, text in texts.items()
            if (text[:2] == cls).all()
            and text.size > 3
            and int((text == cls).sum()) == 2
            and ((text[-2:] == tokenizer.sep_id).all() or text.size == width)
        ]
        ended = any((texts[row][-2:] == tokenizer.sep_id).all() for row in doubled)
        if not doubled or not ended or len(doubled) < _NEARLY_ALL * len(texts):
            continue
        named = [ids.row_index(row) for row in doubled]
        name = tokenizer.said or "tokenizer"
        verb = "begins" if len(named) == 1 else "begin"
        return Finding(
            "special-tokens-doubled",
            "warning",
            ids.called,
            f"`{ids.called}` has the special tokens twice",
            f"{rows_of(named).capitalize()} of `{ids.called}` {verb} with the start token ({cls}) twice, and the "
            f"separator ({tokenizer.sep_id}) closes the text twice: `{name}` adds both, and they are in the text too.",
            {
                "rows": named,
                "start token": cls,
                "separator": tokenizer.sep_id,
                "first row": [int(each) for each in texts[doubled[0]][:6]],
            },
            Fix("Leave the special tokens to the tokenizer, or write all of them", _without(call, name)),
        )
    return None


@rule("warning")
def special_tokens_missing(call: CallFacts) -> Finding | None:
    """Rows lack the model's start and separator tokens.

    What it finds: rows that the tokenizer made without any of its special tokens, for a pretrained encoder, or a head
    that reads the first token. Heads for running text and for labels a token are left alone.

    Why it is bad: a pooled head reads the first position, where a word then stands in the place of `[CLS]`.

    Wrong:

        enc = tokenizer(texts, padding=True, add_special_tokens=False)

    Right:

        enc = tokenizer(texts, padding=True)
    """
    for encoder_call, ids, tokenizer, texts in _texts(call):
        if not tokenizer.made_rows or tokenizer.frame[:1] != (tokenizer.cls_id,) or not _needs_them(call, encoder_call):
            continue
        if any(((text == tokenizer.cls_id) | (text == tokenizer.sep_id)).any() for text in texts.values()):
            continue
        named = [ids.row_index(row) for row in texts]
        name = tokenizer.said or "tokenizer"
        return Finding(
            "special-tokens-missing",
            "warning",
            ids.called,
            f"`{ids.called}` has no special tokens",
            f"No row of `{ids.called}` has the start token ({tokenizer.cls_id}) or the separator "
            f"({tokenizer.sep_id}), which `{name}` puts around a text: the first position holds a word.",
            {
                "rows": named,
                "start token": tokenizer.cls_id,
                "separator": tokenizer.sep_id,
                "first row": [int(each) for each in next(iter(texts.values()))[:6]],
            },
            Fix("Let the tokenizer add them", _with(call, name)),
        )
    return None


def _asked(call: CallFacts) -> str:
    """What more is asked of a tokenizer whose lists would not do."""
    return ', return_tensors="pt"' if call.model.framework == "torch" else ""


def _without(call: CallFacts, name: str) -> str:
    preprocessor = by_preprocessor(call)
    if preprocessor is not None:
        return f"enc = {preprocessor}(texts)  # of texts without [CLS] and [SEP]"
    code = f"enc = {name}(texts, padding=True, add_special_tokens=False{_asked(call)})"
    return f"{code}  # where the texts hold them already"


def _with(call: CallFacts, name: str) -> str:
    preprocessor = by_preprocessor(call)
    if preprocessor is not None:
        return f"enc = {preprocessor}(texts)  # packs each text between the special tokens"
    return f"enc = {name}(texts, padding=True, truncation=True, add_special_tokens=True{_asked(call)})"


def _needs_them(call: CallFacts, encoder_call: EncoderCallFacts) -> bool:
    """Whether the encoder was trained with special tokens, or its head reads the first token."""
    if any(head in call.model.type for head in _RUNNING_TEXT_HEADS):
        return False
    # One output a token, trained on labels of its own: the first token has no place of its own.
    if any(len(label.shape) > 1 and label.shape[1] == call.sizes.get("seq") for label in call.labels):
        return False
    return encoder_call.encoder.pretrained is not None or call.model.type.endswith(_FIRST_TOKEN_HEADS)


def _texts(call: CallFacts) -> Iterator[tuple[EncoderCallFacts, TensorFacts, TokenizerFacts, dict[int, np.ndarray]]]:
    """Each encoder's call that went through, with its ids, their tokenizer, and each row's tokens without padding."""
    tokenizer = call.tokenizer
    if tokenizer is None or tokenizer.cls_id is None or tokenizer.sep_id is None or not call.ran:
        return
    if tokenizer.cls_id in (tokenizer.sep_id, tokenizer.pad_id):
        return
    for encoder_call in call.encoder_calls:
        found = call.padding(encoder_call)
        if not encoder_call.seen or found is None:
            continue
        ids, padding = found
        assert ids.values is not None
        texts = {row: ids.values[row][~padding[row]] for row in range(len(padding)) if not padding[row].all()}
        if texts:
            yield encoder_call, ids, tokenizer, texts
