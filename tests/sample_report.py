"""Reports made by hand for the tests of the views: a pass, a silent fault, an exception, hostile strings."""

from __future__ import annotations

import dataclasses

import numpy as np

from bertmagic.report import (
    Described,
    Device,
    Finding,
    Fix,
    Layer,
    NotChecked,
    Proof,
    Report,
    Rows,
    Tensor,
    Tokens,
)
from bertmagic.token_grid import KINDS

CPU = Device("auto", "CPU:0", "x86_64")
HOSTILE = (
    "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'&amp;`</td></table></details></style>"
    "\x1b[31m\x07\x00\u202egnp.exe\u2066\u2028\u200b"
)


def block_layers(blocks: int, hidden: int, batch: int, seq: int, root: str = "tf_bert_model") -> tuple[Layer, ...]:
    """The calls of a BERT of `blocks` blocks as transformers' TensorFlow classes name them, shapes of one dry pass."""
    state = f"(batch={batch}, seq={seq}, hidden={hidden})"
    wide = f"(batch={batch}, seq={seq}, intermediate={4 * hidden})"
    ids, mask = f"(batch={batch}, seq={seq})", f"(batch={batch}, 1, 1, seq={seq})"
    found: list[Layer] = []

    def add(path: str, kind: str, level: int, inputs: tuple[str, ...], output: str, params: int) -> None:  # noqa: PLR0917
        seconds = 0.0004 * (8 - level) + len(found) * 1.37e-6
        found.append(Layer(path, kind, level, inputs, (output,), "float32", params, seconds, "ok"))

    square = hidden * hidden + hidden
    block = 12 * hidden * hidden + 13 * hidden
    total = blocks * block + 30_522 * hidden
    add(root, "TFBertModel", 0, (ids,), state, total)
    add(f"{root}/bert", "TFBertMainLayer", 1, (ids,), state, total)
    add(f"{root}/bert/embeddings", "TFBertEmbeddings", 2, (ids, ids), state, 31_036 * hidden)
    add(f"{root}/bert/embeddings/LayerNorm", "LayerNormalization", 3, (state,), state, 2 * hidden)
    add(f"{root}/bert/embeddings/dropout", "Dropout", 3, (state,), state, 0)
    add(f"{root}/bert/encoder", "TFBertEncoder", 2, (state, mask), state, blocks * block)
    for index in range(blocks):
        at = f"{root}/bert/encoder/layer_._{index}"
        add(at, "TFBertLayer", 3, (state, mask), state, block)
        add(f"{at}/attention", "TFBertAttention", 4, (state, mask), state, 4 * square + 2 * hidden)
        add(f"{at}/attention/self", "TFBertSelfAttention", 5, (state, mask), state, 3 * square)
        for name in ("query", "key", "value"):
            add(f"{at}/attention/self/{name}", "Dense", 6, (state,), state, square)
        add(f"{at}/attention/self/dropout", "Dropout", 6, (mask,), mask, 0)
        add(f"{at}/attention/output", "TFBertSelfOutput", 5, (state, state), state, square + 2 * hidden)
        add(f"{at}/attention/output/dense", "Dense", 6, (state,), state, square)
        add(f"{at}/attention/output/dropout", "Dropout", 6, (state,), state, 0)
        add(f"{at}/attention/output/LayerNorm", "LayerNormalization", 6, (state,), state, 2 * hidden)
        add(f"{at}/intermediate", "TFBertIntermediate", 4, (state,), wide, 4 * square)
        add(f"{at}/intermediate/dense", "Dense", 5, (state,), wide, 4 * square)
        add(f"{at}/bert_output", "TFBertOutput", 4, (wide, state), state, 4 * square)
        add(f"{at}/bert_output/dense", "Dense", 5, (wide,), state, 4 * square)
        add(f"{at}/bert_output/dropout", "Dropout", 5, (state,), state, 0)
        add(f"{at}/bert_output/LayerNorm", "LayerNormalization", 5, (state,), state, 2 * hidden)
    add(f"{root}/bert/pooler", "TFBertPooler", 2, (state,), f"(batch={batch}, hidden={hidden})", square)
    add(f"{root}/bert/pooler/dense", "Dense", 3, (state,), f"(batch={batch}, hidden={hidden})", square)
    return tuple(found)


def _ids(batch: int, seq: int, own: str | None = "ids") -> Tensor:
    return Tensor(
        "input_ids",
        Described("(batch, seq<=512)", "int32 or int64", "0 to 30521"),
        Described(f"(batch={batch}, seq={seq})", "int64", "0 to 28998, 4 of 24 are 0 ([PAD])", own),
        "ok",
    )


def tokens(batch: int, seq: int, named: tuple[int, ...] = (), attended: bool = True, word: str = "word") -> Tokens:
    """A batch of texts of growing length, by hand: [CLS], words, [SEP], padding; every eleventh word is unknown.

    `attended`: no mask is over the padding. The rows named come first, each second row is of two texts (types 0, 1).
    """
    rows = (*named, *(row for row in range(batch) if row not in named))
    ids, kinds = np.zeros((batch, seq), np.int32), np.full((batch, seq), KINDS.index("padding"), np.uint8)
    types = np.zeros((batch, seq), np.int32)
    if attended:
        kinds[:] = KINDS.index("attended padding")
    for line, row in enumerate(rows):
        length = max(3, seq - (row * 7) % (seq - 2))
        ids[line, :length] = 1000 + np.arange(length) * 13 % 97 + row
        kinds[line, :length] = KINDS.index("text")
        ids[line, 10:length:11] = 100
        kinds[line, 10:length:11] = KINDS.index("unknown")
        ids[line, [0, length - 1]] = 101, 102
        kinds[line, [0, length - 1]] = KINDS.index("special")
        types[line, length // 2 : length] = row % 2
    known = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]"}
    return Tokens(
        rows=rows,
        named=len(named),
        of=batch,
        ids=ids,
        kinds=kinds,
        legend=KINDS,
        mask=None if attended else (kinds != KINDS.index("padding")).astype(np.int32),
        types=types,
        pieces={each: known.get(each, f"{word}{each}") for each in map(int, np.unique(ids))},
        row_labels=tuple(str(row % 2) for row in rows),
        cut=tuple(row for row in rows if row % 5 == 0),
        tokenizer="tokenizer",
        paired="its output holds the batch's first row",
    )


def passing() -> Report:
    """Everything right: a mask is fed, nothing to say."""
    mask = Tensor(
        "attention_mask",
        Described("(batch, seq)", "int32 or int64", "0 or 1"),
        Described("(batch=3, seq=8)", "int64", "1 for 20 tokens, 0 for 4", 'enc["attention_mask"]'),
        "ok",
    )
    return Report(
        "pass",
        "Nothing wrong was found: 3 inputs, 53 layers and the loss were run on 2 of 3 rows; `fit` was not run.",
        CPU,
        Rows(3, 2),
        {"observe": 0.004, "values": 0.0003, "forward": 0.031, "probes": 0.058},
        inputs=(_ids(3, 8, 'enc["input_ids"]'), mask),
        outputs=(
            Tensor(
                "logits",
                Described("(batch, labels=2)", "float32", "finite"),
                Described("(batch=3, labels=2)", "float32", "-0.31 to 0.27"),
                "ok",
            ),
        ),
        labels=(
            Tensor(
                "labels",
                Described("(batch,)", "int32 or int64", "0 or 1"),
                Described("(batch=3)", "int64", "0 or 1", "labels"),
                "ok",
            ),
        ),
        layers=block_layers(6, 384, 2, 8),
        tokens=tokens(3, 8, attended=False),
        not_checked=(NotChecked("callbacks", "1 callback (EarlyStopping) is listed, not called"),),
    )


def silent_fault() -> Report:
    """Padding by hand and no attention mask: runs, and computes garbage."""
    missing = Tensor(
        "attention_mask", Described("(batch, seq)", "int32 or int64", "0 at padding, 1 elsewhere"), None, "missing"
    )
    return Report(
        "fail",
        "`attention_mask` is not fed, and the model reads the padding of 2 of 3 rows.",
        CPU,
        Rows(3, 3),
        {"observe": 0.004, "values": 0.0003, "forward": 0.031, "probes": 0.058},
        findings=(
            Finding(
                "attention-mask-missing",
                "error",
                "attention_mask",
                "`attention_mask` is not fed; rows 1 and 2 of `ids` have 2 padding tokens each, "
                "and the model reads them",
                "Their [CLS] moves by 0.31 against the same rows unpadded (a row without padding moves by 0). "
                "The 0 in `ids` is [PAD] in this vocabulary, so the padding itself is right: the mask is missing.",
                {
                    "rows": [1, 2],
                    "padding_tokens": [0, 2, 2],
                    "pad_token_id": 0,
                    "cls_moves_by": [0.0, 0.3121, 0.2874],
                },
                Fix(
                    "feed the mask that belongs to `ids`",
                    'mask = (ids != 0).astype("int32")\nmodel.fit([ids, mask], labels, epochs=3)',
                    'ids = pad_sequences(tokens, padding="post")\nmask = (ids != 0).astype("int32")\n'
                    "model = build(bert)\nmodel.fit([ids, mask], labels, epochs=3)\n",
                    Proof("the corrected call on rows 0, 1 and 2", "the [CLS] of every row moves by 0"),
                ),
            ),
            Finding(
                "loss-from-logits",
                "warning",
                "loss",
                "the model ends in no softmax, and the loss takes probabilities",
                "SparseCategoricalCrossentropy(from_logits=False) is given values outside 0 to 1.",
                {"values": "-0.31 to 0.27"},
                Fix("tell the loss that it is given logits", "SparseCategoricalCrossentropy(from_logits=True)"),
            ),
            Finding(
                "padding-wasteful",
                "advice",
                "ids",
                "rows are padded to 128, the longest has 23 tokens",
                "",
                {},
            ),
        ),
        inputs=(_ids(3, 8), missing),
        labels=(
            Tensor(
                "labels",
                Described("(batch=3, labels=2)", "float32", "0 or 1, one 1 a row"),
                Described("(batch=3)", "int64", "0 or 1", "labels"),
                "wrong",
            ),
        ),
        layers=block_layers(6, 384, 3, 8),
        tokens=tokens(3, 8, named=(1, 2)),
        source='ids = pad_sequences(tokens, padding="post")\nmodel = build(bert)\nmodel.fit(ids, labels, epochs=3)\n',
        not_checked=(
            NotChecked("`validation_data`", "its contents were checked, no forward pass was run on it"),
            NotChecked("callbacks", "1 callback (EarlyStopping) is listed, not called"),
        ),
    )


def raising() -> Report:
    """The dry pass raised in the embeddings: the sequence is longer than the model's positions."""
    layers = list(block_layers(6, 384, 2, 600)[:4])
    for index in (0, 1, 2):
        old = layers[index]
        layers[index] = Layer(old.path, old.type, old.level, old.inputs, (), old.dtype, old.params, None, "failed")
    layers[3] = Layer(layers[3].path, layers[3].type, 3, (), (), "float32", 768, None, "not run")
    return Report(
        "fail",
        "`input_ids` is 600 tokens long, and the model has 512 positions.",
        Device("gpu", "GPU:0", "NVIDIA H100", 3_221_225_472),
        Rows(32, 2),
        {"values": 0.0003, "forward": 1.4},
        findings=(
            Finding(
                "sequence-too-long",
                "error",
                "input_ids",
                "`input_ids`, axis seq: at most 512 expected, 600 found; the position embeddings end there",
                "InvalidArgumentError was raised by `tf_bert_model/bert/embeddings`.",
                {"axis": "seq", "expected": "<=512", "found": 600},
                Fix("truncate when tokenizing", "tokenizer(texts, padding=True, truncation=True, max_length=512)"),
            ),
        ),
        inputs=(
            Tensor(
                "input_ids",
                Described("(batch, seq<=512)", "int32 or int64", "0 to 30521"),
                Described("(batch=32, seq=600)", "int64", "101 to 28998", 'enc["input_ids"]'),
                "wrong",
            ),
        ),
        layers=tuple(layers),
        internal_errors=("ValueError while describing the loss: no name",),
    )


def hostile() -> Report:
    """Markup, control and right-to-left characters, quotes and a megabyte of text wherever a string can stand."""
    bad = HOSTILE
    side = Described(f"(batch=3, {bad}=8)", bad, bad, bad)
    return Report(
        "warn",
        bad + " `" + bad + "`",
        Device("auto", bad, bad),
        Rows(3, 3),
        {bad: 0.1, "b": 0.2},
        findings=(
            Finding(
                bad, "warning", bad, bad, bad + "\n" + "A" * 1_000_000,
                {bad: bad, "nested": {bad: [bad]}, "list": [bad]},
                Fix(bad, bad, bad, Proof(bad, bad)),
            ),
        ),
        inputs=(Tensor(bad, side, side, "wrong"), Tensor(bad, None, side, "unexpected")),
        outputs=(Tensor(bad, side, None, "not checked"),),
        tokens=dataclasses.replace(
            tokens(3, 12, named=(2,), word=bad),
            row_labels=(bad, bad, "A" * 1_000_000),
            pieces=dict.fromkeys(range(1200), bad + "A" * 1000000),
            tokenizer=bad,
            paired=bad,
        ),
        source=bad,
        layers=(
            Layer(bad, bad, 0, (bad, bad), (bad,), bad, 1, 0.1, "ok"),
            Layer(bad + "/" + bad, bad, 1, (bad,), (bad,), bad, 1, None, "failed"),
        ),
        not_checked=(NotChecked(bad, bad),),
        internal_errors=(bad,),
    )  # fmt: skip


def deep() -> Report:
    """BERT-base of 12 blocks, 32 x 128: the size that the budgets are given for."""
    return dataclasses.replace(
        silent_fault(), layers=block_layers(12, 768, 2, 128), rows=Rows(32, 2), tokens=tokens(32, 128, named=(3, 30))
    )


def large() -> Report:
    """12 blocks and 64 x 512 tokens: what the panel must paint at once and scroll smoothly."""
    return dataclasses.replace(deep(), rows=Rows(64, 2), tokens=tokens(64, 512, named=(3, 30)))
