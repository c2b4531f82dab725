"""The rule on capital letters: a tokenizer that lower-cases them, and a vocabulary that has them, or the reverse."""

from __future__ import annotations

from bertmagic.facts.cell import CasingFacts, CellFacts, TokenizerCallFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import tokenizer_of
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import listed

# Shares of a vocabulary's tokens that hold a capital letter: bert-base-cased's is near a half, bert-base-uncased's 0.
# A sample below the least size tells nothing.
_CASED, _UNCASED, _LEAST = 0.1, 0.002, 50


@cell_rule("warning")
def tokenizer_casing(cell: CellFacts) -> Finding | None:
    """A cased vocabulary with a tokenizer that lower-cases, or the reverse.

    What it finds: texts with capital letters whose tokens reach a model, where the tokenizer lower-cases and its own
    vocabulary holds these words as they are written; or where it does not, and capitalised words become the unknown
    token that it knows in lower case. The checkpoint's name is no evidence.

    Why it is bad: names and the first words of sentences come to the model as other tokens than it was trained on, or
    as `[UNK]`, without an error.

    Wrong:

        tokenizer = BertTokenizer.from_pretrained("bert-base-uncased", do_lower_case=False)
        enc = tokenizer(["Rain in Bergen"], return_tensors="tf")      # [UNK] in [UNK]

    Right:

        tokenizer = BertTokenizer.from_pretrained("bert-base-uncased")
        enc = tokenizer(["Rain in Bergen"], return_tensors="tf")
    """
    for made in cell.tokenizer_calls:
        casing = made.casing
        if casing is None or not casing.changed or casing.sampled < _LEAST or not _reaches_a_model(cell, made):
            continue
        share = casing.capitals / casing.sampled
        if casing.lowers and share > _CASED:
            return _finding(made, casing, share)
        if not casing.lowers and share < _UNCASED and made.unknown:
            return _finding(made, casing, share)
    return None


def _reaches_a_model(cell: CellFacts, made: TokenizerCallFacts) -> bool:
    """Whether rows that this tokenizer gave are fed to a model."""
    tokenizers = [call.tokenizer for call in cell.calls if call.tokenizer is not None]
    return any(
        each.made_rows and (each.said, each.type) == (made.tokenizer.said, made.tokenizer.type) for each in tokenizers
    )


def _finding(made: TokenizerCallFacts, casing: CasingFacts, share: float) -> Finding:
    name, said = tokenizer_of(made), made.texts.said
    shown = casing.changed[:3]
    words = listed([f'"{word}" becomes {tokens}' for word, tokens in shown])
    where = f"`{said}`" if said else "the texts"
    percent = f"{100 * share:.0f} % of its vocabulary's tokens have"
    if casing.lowers:
        title = f"`{name}` lower-cases, and its vocabulary is cased"
        detail = (
            f"`{name}` lower-cases {where}, and {percent} a capital letter: {words}, "
            f"though {'it is a token itself' if len(shown) == 1 else 'these are tokens themselves'}."
        )
    else:
        title = f"`{name}` keeps capital letters, and its vocabulary has none"
        detail = (
            f"`{name}` does not lower-case {where}, and {percent} a capital letter: {words}. {made.unknown} of "
            f"{made.tokens} tokens are unknown."
        )
    return Finding(
        "tokenizer-casing",
        "warning",
        name,
        title,
        detail,
        {
            "lower-cases": casing.lowers,
            "tokens with a capital letter": casing.capitals,
            "tokens looked at": casing.sampled,
            "words": [list(each) for each in casing.changed[:10]],
            "unknown tokens": made.unknown,
        },
        Fix("Treat capital letters as the vocabulary does", _remade(made, name, lowers=not casing.lowers)),
    )


def _remade(made: TokenizerCallFacts, name: str, *, lowers: bool) -> str:
    """The tokenizer made anew with the same vocabulary."""
    if made.tokenizer.library != "keras-hub":
        return f"{name} = type({name}).from_pretrained({name}.name_or_path, do_lower_case={lowers})"
    if not made.tokenizer.holds:
        return f"{name} = type({name})(vocabulary={name}.get_vocabulary(), lowercase={lowers})"
    held = f"{name}.tokenizer"
    code = f"tokenizer = type({held})(vocabulary={held}.get_vocabulary(), lowercase={lowers})"
    return f"{code}\n{name} = type({name})(tokenizer, sequence_length={name}.sequence_length)"
