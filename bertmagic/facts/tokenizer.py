"""Facts about the tokenizer that made a batch."""

from __future__ import annotations

from dataclasses import dataclass

from bertmagic.facts.model import Library


@dataclass(frozen=True)
class TokenizerFacts:
    """`said`: the tokenizer's name in the cell; `vocab_rows`: ids are below it (added tokens counted).

    `paired`: why this tokenizer is taken for the batch's own, in words; `made_rows`: because its output holds them.
    `base_rows`: the vocabulary without added tokens. `frame`: the special tokens that it puts around a text.
    `library`: whose it is; `holds`: it is a preprocessor of KerasHub's, which holds a tokenizer.
    """

    said: str | None
    type: str
    vocab_rows: int
    pad_id: int | None
    cls_id: int | None
    sep_id: int | None
    padding_side: str
    paired: str
    eos_id: int | None = None
    mask_id: int | None = None
    unk_id: int | None = None
    base_rows: int | None = None
    frame: tuple[int, ...] = ()
    made_rows: bool = False
    library: Library = "transformers"
    holds: bool = False

    @property
    def ends(self) -> tuple[int, ...]:
        """The ids that close a text."""
        return tuple(dict.fromkeys(each for each in (self.sep_id, self.eos_id) if each is not None))
