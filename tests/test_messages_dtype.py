"""The sentences of the rules on dtypes, text, masked labels and padding, written out as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from facts_builder import call, check, model, tensor
from test_rules_dtype import (
    CHOSEN,
    CLASSIFIER,
    EMBEDDED,
    FLOATS,
    IDS,
    LONG,
    MASK,
    NOISY,
    OWN,
    SHORT,
    SHORT_MASK,
    TEXTS,
    UNPADDED,
    VECTORS,
    cut,
    looked_up,
    lost,
    masked,
    raised,
)

from bertmagic.facts.call import CallFacts

PAIRS = dataclasses.replace(CLASSIFIER, said="pairs")
FIXED = model(type="Functional", inputs={"input_ids": (None, 64), "attention_mask": (None, 64)})
SUBTRACTS = "cannot compute Sub as input #1 was expected to be a int64 tensor but is a float tensor"
HALF = np.where(MASK == 1, 4096 + 4 * (np.arange(18).reshape(3, 6) * 97), 0).astype("float16")

MESSAGES: dict[str, tuple[str, CallFacts, tuple[str, str, str, str]]] = {
    "ids of floats": (
        "ids-not-integer",
        looked_up(FLOATS, said={"input_ids": "padded"}),
        (
            "`padded` holds token ids as float32",
            (
                "`padded`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It holds 0 … 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            'padded = np.asarray(padded).astype("int32")',
        ),
    ),
    "ids of floats, a tensor": (
        "ids-not-integer",
        looked_up(FLOATS, said={"input_ids": "padded"}, kinds="tf.Tensor"),
        (
            "`padded` holds token ids as float32",
            (
                "`padded`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It holds 0 … 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            "padded = tf.cast(padded, tf.int32)",
        ),
    ),
    "ids as strings": (
        "ids-not-integer",
        looked_up(IDS.astype("str")),
        (
            "`input_ids` holds token ids as strings",
            (
                "`input_ids`, (batch=3, seq=6), has dtype string, where `model` looks token ids up by int32 or "
                "int64. It holds numbers from 0 to 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            'input_ids = np.asarray(input_ids).astype("int32")',
        ),
    ),
    "ids as strings, a tensor": (
        "ids-not-integer",
        looked_up(IDS.astype("S").astype("object"), kinds="tf.Tensor"),
        (
            "`input_ids` holds token ids as strings",
            (
                "`input_ids`, (batch=3, seq=6), has dtype string, where `model` looks token ids up by int32 or "
                "int64. It holds numbers from 0 to 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            "input_ids = tf.strings.to_number(input_ids, tf.int32)",
        ),
    ),
    "ids as objects": (
        "ids-not-integer",
        looked_up(IDS.astype("object")),
        (
            "`input_ids` holds token ids as Python objects",
            (
                "`input_ids`, (batch=3, seq=6), has dtype object, where `model` looks token ids up by int32 or "
                "int64. It holds numbers from 0 to 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            'input_ids = np.asarray(input_ids).astype("int32")',
        ),
    ),
    "ids of bool": (
        "ids-not-integer",
        cut(IDS.astype("bool")),
        (
            "`input_ids` holds token ids as bool",
            (
                "`input_ids`, (batch=3, seq=6), has dtype bool, where `model` looks token ids up by int32 or "
                "int64. Of token ids it tells only whether they are 0. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids with fractions": (
        "ids-not-integer",
        cut(FLOATS * 4 + 0.25),
        (
            "`input_ids` holds token ids as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It holds fractions in rows 0, 1 and 2, which are cut off. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids with nan": (
        "ids-not-integer",
        cut(np.where(IDS == 0, np.nan, FLOATS)),
        (
            "`input_ids` holds token ids as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It is not finite in rows 1 and 2. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids in half precision": (
        "ids-not-integer",
        cut(HALF, said={"input_ids": "cached"}),
        (
            "`cached` holds token ids as float16",
            (
                "`cached`, (batch=3, seq=6), has dtype float16, where `model` looks token ids up by int32 or "
                "int64. All of its 13 different ids above 2048 are such as float16 rounds to, and none is odd. "
                "Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids made floats inside": (
        "ids-not-integer",
        raised(call(IDS, error="forward", received={"input_ids": FLOATS})),
        (
            "`input_ids` reaches `model` as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype int32, and `model` makes float32 of it before `model` "
                "looks token ids up by int32 or int64. InvalidArgumentError is raised."
            ),
            "Cast them back before the encoder",
            "tf.cast(ids, tf.int32)  # in the call of `model`",
        ),
    ),
    "embeddings": (
        "embeddings-as-ids",
        raised(call(EMBEDDED, error="forward", said={"input_ids": "vectors"}), layer="bert"),
        (
            "`vectors` holds embeddings, and `model` takes token ids",
            (
                "`vectors` has dtype float32 and shape (batch=3, seq=6, hidden=8), and holds -2.365 … 2.002, "
                "where `model` takes token ids (batch, seq), which are whole numbers. InvalidArgumentError is "
                "raised."
            ),
            "Give embeddings by their own name",
            '{"inputs_embeds": vectors}  # in place of "input_ids", in the call of `model`',
        ),
    ),
    "embeddings of another size": (
        "embeddings-as-ids",
        raised(call(EMBEDDED[..., :5], error="forward"), layer="bert"),
        (
            "`input_ids` holds embeddings, and `model` takes token ids",
            (
                "`input_ids` has dtype float32 and shape (3, 6, 5), and holds -2.365 … 1.822, where `model` takes"
                " token ids (batch, seq), which are whole numbers. InvalidArgumentError is raised."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "vectors": (
        "embeddings-as-ids",
        looked_up(VECTORS, said={"input_ids": "vectors"}),
        (
            "`vectors` holds embeddings, and `model` takes token ids",
            (
                "`vectors` has dtype float32 and shape (batch=3, hidden=8), and holds -2.325 … 1.366, where "
                "`model` takes token ids (batch, seq), which are whole numbers. InvalidArgumentError is raised."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "vectors, cut off": (
        "embeddings-as-ids",
        cut(VECTORS),
        (
            "`input_ids` holds embeddings, and `model` takes token ids",
            (
                "`input_ids` has dtype float32 and shape (batch=3, hidden=8), and holds -2.325 … 1.366, where "
                "`model` takes token ids (batch, seq), which are whole numbers. Nothing is raised: they are cut "
                "off."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "token types of floats": (
        "dtype-mismatch",
        looked_up(IDS, types=np.zeros(IDS.shape), said={"token_type_ids": "segments"}),
        (
            "`segments` is of a dtype that `model` cannot take",
            (
                "`segments`, (batch=3, seq=6), has dtype float64 and holds all 0, where `token_type_ids` is to be"
                " int32 or int64. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            'segments = np.asarray(segments).astype("int32")',
        ),
    ),
    "token types, a tensor": (
        "dtype-mismatch",
        looked_up(IDS, types=np.zeros(IDS.shape), kinds="tf.Tensor"),
        (
            "`token_type_ids` is of a dtype that `model` cannot take",
            (
                "`token_type_ids`, (batch=3, seq=6), has dtype float64 and holds all 0, where `token_type_ids` is"
                " to be int32 or int64. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            "token_type_ids = tf.cast(token_type_ids, tf.int32)",
        ),
    ),
    "token types, complex": (
        "dtype-mismatch",
        looked_up(IDS, types=MASK.astype("complex64")),
        (
            "`token_type_ids` is of a dtype that `model` cannot take",
            (
                "`token_type_ids`, (batch=3, seq=6), has dtype complex64 and holds complex numbers, where "
                "`token_type_ids` is to be int32 or int64. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            'token_type_ids = np.asarray(token_type_ids).astype("int32")',
        ),
    ),
    "a mask of strings": (
        "dtype-mismatch",
        raised(looked_up(IDS, mask=MASK.astype("str")), layer="bert"),
        (
            "`attention_mask` is of a dtype that `model` cannot take",
            (
                "`attention_mask`, (batch=3, seq=6), has dtype string and holds numbers from 0 to 1, where "
                "`attention_mask` is to be numbers. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            'attention_mask = np.asarray(attention_mask).astype("int32")',
        ),
    ),
    "texts": (
        "text-not-tokenized",
        raised(call(TEXTS, error="forward", of=PAIRS, said={"input_ids": "reviews"}), "bert"),
        (
            "`reviews` holds text, and `pairs` takes token ids",
            (
                "`reviews` holds 3 strings under `input_ids`, and `pairs` takes token ids (batch, seq): no "
                "tokenizer has read them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(list(reviews), padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "texts, a direct call": (
        "text-not-tokenized",
        raised(call(TEXTS, error="forward", of=OWN, kind="call"), "bert"),
        (
            "`input_ids` holds text, and `model` takes token ids",
            (
                "`input_ids` holds 3 strings, and `model` takes token ids (batch, seq): no tokenizer has read "
                "them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(list(texts), padding=True, truncation=True, return_tensors="tf")\nmodel(enc)',
        ),
    ),
    "one text": (
        "text-not-tokenized",
        raised(call(np.array("one text"), error="forward", of=OWN, kind="call"), "bert"),
        (
            "`input_ids` holds text, and `model` takes token ids",
            (
                "`input_ids` holds 1 string, and `model` takes token ids (batch, seq): no tokenizer has read "
                "them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")\nmodel(enc)',
        ),
    ),
    "texts under a name": (
        "text-not-tokenized",
        raised(call(others=[tensor("text", TEXTS, said="reviews")], error="forward", of=PAIRS, seen=False), "model"),
        (
            "`reviews` holds text, and `pairs` takes token ids",
            (
                "`reviews` holds 3 strings under `text`, and `pairs` takes token ids (batch, seq): no tokenizer "
                "has read them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(list(reviews), padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "labels as strings": (
        "labels-dtype",
        raised(lost(np.array(["bad", "good", "bad"]), error="loss", said={"labels": "mood"}), None, "loss"),
        (
            "`mood` holds strings",
            (
                "`mood` holds 3 strings, 2 different names, where the loss takes numbers. InvalidArgumentError is"
                " raised in the loss."
            ),
            "Give each class its index",
            "names = sorted(set(mood))\nmood = np.array([names.index(each) for each in mood])",
        ),
    ),
    "labels as strings, in the data": (
        "labels-dtype",
        raised(lost(np.array(["bad", "good", "bad"]), error="loss"), None, "data"),
        (
            "`labels` holds strings",
            (
                "`labels` holds 3 strings, 2 different names, where the loss takes numbers. InvalidArgumentError "
                "is raised."
            ),
            "Give each class its index",
            "names = sorted(set(labels))\nlabels = np.array([names.index(each) for each in labels])",
        ),
    ),
    "labels as numbers written out": (
        "labels-dtype",
        raised(lost(np.array(["0", "1", "0"]), error="loss"), None, "loss"),
        (
            "`labels` holds strings",
            (
                "`labels` holds 3 strings, 2 different numbers written out, where the loss takes numbers. "
                "InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as numbers",
            "labels = np.array([int(each) for each in labels])",
        ),
    ),
    "labels as objects": (
        "labels-dtype",
        raised(lost(np.array([0, 1, 0], object), error="loss"), None, "loss"),
        (
            "`labels` holds Python objects",
            (
                "`labels` holds 3 Python objects, 2 different numbers, where the loss takes numbers. "
                "InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as numbers",
            "labels = np.array([int(each) for each in labels])",
        ),
    ),
    "labels as objects, fractions": (
        "labels-dtype",
        raised(lost(np.array([0.5, 1, 0], object), error="loss"), None, "loss"),
        (
            "`labels` holds Python objects",
            (
                "`labels` holds 3 Python objects, 3 different numbers, where the loss takes numbers. "
                "InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as numbers",
            "labels = np.array([float(each) for each in labels])",
        ),
    ),
    "labels cut off": (
        "labels-dtype",
        lost(np.array([0.5, 1.0, 0.25]), said={"labels": "stars"}),
        (
            "`stars` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`stars` (float64) holds 0.25 and 0.5 in rows 0 and 2; `logits` has 2 outputs, and "
                "SparseCategoricalCrossentropy takes class indices for them: it cuts them off to whole numbers, "
                "without an error."
            ),
            "Make the model a regression",
            "model.config.num_labels  # 2 now, 1 is needed, with the model's own loss",
        ),
    ),
    "labels cut off, a model of one's own": (
        "labels-dtype",
        dataclasses.replace(lost(np.array([0.5, 1.0, 0.0])), model=model(type="Functional")),
        (
            "`labels` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds 0.5 in row 0; `logits` has 2 outputs, and SparseCategoricalCrossentropy"
                " takes class indices for them: it cuts them off to whole numbers, without an error."
            ),
            "Train on numbers with a loss for numbers",
            "tf.keras.layers.Dense(1)  # as the head, with loss='mse'",
        ),
    ),
    "labels that are nan": (
        "labels-dtype",
        raised(lost(np.array([np.nan, 1, 0]), error="loss"), None, "loss"),
        (
            "`labels` holds NaN or infinity, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds nan in row 0; `logits` has 2 outputs, and SparseCategoricalCrossentropy"
                " takes class indices for them: InvalidArgumentError is raised in the loss."
            ),
            "Keep the rows that have a label",
            "kept = np.isfinite(labels)  # of the inputs and of the labels",
        ),
    ),
    "labels that are nan, nothing raised": (
        "labels-dtype",
        lost(np.array([np.nan, 1, 0])),
        (
            "`labels` holds NaN or infinity, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds nan in row 0; `logits` has 2 outputs, and SparseCategoricalCrossentropy"
                " takes class indices for them: NaN is no class."
            ),
            "Keep the rows that have a label",
            "kept = np.isfinite(labels)  # of the inputs and of the labels",
        ),
    ),
    "labels cut off, and raised": (
        "labels-dtype",
        raised(lost(np.array([0.5, 7.5, 0.0]), error="loss"), None, "loss"),
        (
            "`labels` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds 0.5 and 7.5 in rows 0 and 1; `logits` has 2 outputs, and "
                "SparseCategoricalCrossentropy takes class indices for them: InvalidArgumentError is raised in "
                "the loss."
            ),
            "Make the model a regression",
            "model.config.num_labels  # 2 now, 1 is needed, with the model's own loss",
        ),
    ),
    "integers for a loss with floats": (
        "labels-dtype",
        raised(lost(np.array([1, 2, 3]), "other", (3, 1), error="loss"), None, "loss", SUBTRACTS),
        (
            "`labels` holds integers, and `my_loss` computes with floats",
            (
                "`labels` has dtype int64 and `logits` has float32; my_loss sets the one against the other as "
                "they are. InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as floats",
            'labels = np.asarray(labels).astype("float32")',
        ),
    ),
    "masked, all labelled": (
        "mlm-labels-unmasked",
        masked(NOISY, UNPADDED, said={"input_ids": "noisy", "labels": "target"}),
        (
            "`target` has labels on tokens that are not masked",
            (
                "`target` has 72 labels, 12 of them on masked tokens; 52 of the 52 tokens of `noisy` that are not"
                " masked are labelled, in rows 0, 1, 2 and 3: 52 of these labels are the token's own id, and "
                "copying it is all that they ask for."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "target = np.where(noisy == tokenizer.mask_token_id, target, -100)",
        ),
    ),
    "nothing masked": (
        "mlm-labels-unmasked",
        masked(LONG, UNPADDED),
        (
            "`labels` has labels on tokens that are not masked",
            (
                "`labels` has 72 labels, 0 of them on masked tokens; 64 of the 64 tokens of `input_ids` that are "
                "not masked are labelled, in rows 0, 1, 2 and 3: 64 of these labels are the token's own id, and "
                "copying it is all that they ask for."
            ),
            "Mask some of the tokens, and label those",
            'collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, return_tensors="np")',
        ),
    ),
    "no tokenizer": (
        "mlm-labels-unmasked",
        masked(NOISY, UNPADDED, tokenizer=None),
        (
            "`labels` has labels on tokens that are not masked",
            (
                "`labels` has 72 labels, 12 of them on masked tokens; 60 of the 60 tokens of `input_ids` that are"
                " not masked are labelled, in rows 0, 1, 2 and 3: 60 of these labels are the token's own id, and "
                "copying it is all that they ask for."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = np.where(input_ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
    "labels on padding": (
        "mlm-labels-unmasked",
        masked(NOISY, np.where(CHOSEN | (LONG == 0), LONG, -100)),
        (
            "`labels` has labels on padding",
            (
                "`labels` has 20 labels, 12 of them on masked tokens; 8 of the 8 padding tokens of `input_ids` "
                "are labelled, in row 3: the loss counts them as it counts words."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = np.where(input_ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
    "labels on special tokens": (
        "mlm-labels-unmasked",
        masked(NOISY, np.where(CHOSEN | (LONG == 2), LONG, -100)),
        (
            "`labels` has labels on special tokens",
            (
                "`labels` has 16 labels, 12 of them on masked tokens; 4 of the 8 special tokens of `input_ids` "
                "are labelled, in rows 0, 1, 2 and 3: they stand in the same place whatever the text."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = np.where(input_ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
    "mostly padding": (
        "padding-wasteful",
        call(SHORT, SHORT_MASK, said={"input_ids": "ids"}),
        (
            "`ids` could be cut to 9 tokens a row",
            (
                "172 of the 192 tokens of `ids` are padding (90%): its 3 rows are 64 long, and the longest of "
                "them has 9 tokens. The mask covers the padding, which costs time and memory only."
            ),
            "Pad to the longest row",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "mostly padding, a fixed Input": (
        "padding-wasteful",
        call(SHORT, SHORT_MASK, of=FIXED, kinds="tf.Tensor"),
        (
            "`input_ids` could be cut to 9 tokens a row",
            (
                "172 of the 192 tokens of `input_ids` are padding (90%): its 3 rows are 64 long, and the longest "
                "of them has 9 tokens. The mask covers the padding, which costs time and memory only. The Input "
                "`input_ids` of `model` is fixed at 64, and is to be made with a free length then, or with 9."
            ),
            "Pad to the longest row",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")',
        ),
    ),
}


@pytest.mark.parametrize(("slug", "facts", "sentences"), MESSAGES.values(), ids=MESSAGES)
def test_what_a_rule_says(slug: str, facts: CallFacts, sentences: tuple[str, str, str, str]) -> None:
    finding = check(slug, facts)
    assert finding is not None
    assert finding.fix is not None
    assert (finding.title, finding.detail, finding.fix.title, finding.fix.snippet) == sentences


@pytest.mark.parametrize("sentences", [sentences for _, _, sentences in MESSAGES.values()], ids=MESSAGES)
def test_the_style_of_the_sentences(sentences: tuple[str, str, str, str]) -> None:
    title, detail, fix, snippet = sentences
    assert detail.endswith(".")
    assert not title.endswith(".")
    assert not fix.endswith(".")
    for sentence in (title, detail, fix):
        assert "!" not in sentence
        assert "probably" not in sentence
        assert "  " not in sentence
        assert "None" not in sentence
    assert max(map(len, snippet.splitlines())) <= 120
