"""Every sentence that a rule says to a user, written out: title, detail, and the fix's title and code."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import test_messages_structure_labels
from facts_builder import BERT, CLS, PAD, ROBERTA, SEP, TOKENIZER, batch, call, check, model

from bertmagic.facts.call import CallFacts, UnpaddedFacts
from bertmagic.finding import Proof
from bertmagic.rules import RULES
from bertmagic.rules.words import amount, count, listed, rows_of

IDS = batch([6, 4, 4])
VARIED = batch([6, 5, 3])
FULL = batch([6, 6, 6])
ONES = np.ones_like(IDS)
INSIDE = dataclasses.replace(BERT, path="bert")
PRETRAINED = dataclasses.replace(INSIDE, pretrained="bert-base-uncased")
FUNCTIONAL = model(INSIDE, inputs={"input_ids": (None, None)})
MEASURED = UnpaddedFacts({1: 0.3104, 2: 0.3096}, {0: 0.0}, {1: 3e-7, 2: 2e-7})
TAGGER = model(PRETRAINED, said="tagger", type="TFBertForSequenceClassification", sizes={"labels": 2})

MESSAGES: dict[str, tuple[str, CallFacts, tuple[str, str, str, str]]] = {
    "missing mask, by hand": (
        "attention-mask-missing",
        call(IDS, of=FUNCTIONAL, encoder=INSIDE, tokenizer=TOKENIZER, unpadded=MEASURED, said={"input_ids": "padded"}),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; rows 1 and 2 of `padded` have 2 padding tokens each, and the "
                "model reads them: against the same text unpadded, their [CLS] moves by 0.31 (a row without "
                "padding moves by 0). Padding with 0 is right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = (padded != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                'mask_input = tf.keras.Input((None,), dtype="int32", name="attention_mask")\n'
                "# call `bert` with attention_mask=mask_input, and make `model` with mask_input too\n"
                "[padded, attention_mask]  # as the inputs of `model`"
            ),
        ),
    ),
    "missing mask, an encoding": (
        "attention-mask-missing",
        call(
            VARIED,
            kind="call",
            of=model(said="bert"),
            said={"input_ids": 'enc["input_ids"]'},
            unpadded=UnpaddedFacts({1: 0.5, 2: 0.25}, {}, None),
        ),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                '`attention_mask` is not fed; rows 1 and 2 of `enc["input_ids"]` have 1 to 3 padding tokens, '
                "and the model reads them: against the same text unpadded, their [CLS] moves by 0.25 to 0.5."
            ),
            "Feed the attention mask",
            'bert(enc["input_ids"], attention_mask=enc["attention_mask"])',
        ),
    ),
    "missing mask, only some rows run": (
        "attention-mask-missing",
        call(IDS, unpadded=UnpaddedFacts({2: 0.31}, {0: 0.0}, None)),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; rows 1 and 2 of `input_ids` have 2 padding tokens each, and the "
                "model reads them: against the same text unpadded, the [CLS] of row 2 moves by 0.31 (a row "
                "without padding moves by 0). Padding with 0 is right: it is `config.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = (input_ids != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                '{"input_ids": input_ids, "attention_mask": attention_mask}  # as the inputs of `model`'
            ),
        ),
    ),
    "missing mask, probed": (
        "attention-mask-missing",
        call(batch([6, 5]), probe=0.3, said={"input_ids": "ids"}, kinds="tf.Tensor"),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; row 1 of `ids` has 1 padding token, and the model reads it: "
                "other tokens in its place move the output by 0.3. Padding with 0 is right: it is "
                "`config.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                "attention_mask = tf.cast(ids != 0, tf.int32)  # 1 on tokens, 0 on padding\n"
                '{"input_ids": ids, "attention_mask": attention_mask}  # as the inputs of `model`'
            ),
        ),
    ),
    "missing mask, nothing run": (
        "attention-mask-missing",
        call(batch([6, 5]), of=model(INSIDE, inputs={}), encoder=INSIDE, said={"input_ids": "ids"}),
        (
            "`attention_mask` is not fed, and 1 row has padding",
            (
                "`attention_mask` is not fed; row 1 of `ids` has 1 padding token, and nothing keeps the model "
                "from attending to it (how far that moves the output was not run). Padding with 0 is right: "
                "it is `config.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = (ids != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                "attention_mask=attention_mask  # in the call of `bert` inside `model`"
            ),
        ),
    ),
    "missing mask, the separator pads": (
        "attention-mask-missing",
        call([[CLS, 5, SEP, SEP], [CLS, 5, 6, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP)),
        (
            "`attention_mask` is not fed, and 1 row has padding",
            (
                "`attention_mask` is not fed; row 0 of `input_ids` has 1 padding token, and nothing keeps the "
                "model from attending to it (how far that moves the output was not run). Padding with 3 is "
                "right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = tokenizer(texts, padding=True)["attention_mask"]  # 1 on tokens, 0 on padding\n'
                '{"input_ids": input_ids, "attention_mask": attention_mask}  # as the inputs of `model`'
            ),
        ),
    ),
    "mask dropped": (
        "attention-mask-missing",
        call(
            IDS,
            ONES,
            of=model(INSIDE, said="classifier", inputs={}),
            encoder=INSIDE,
            received={"input_ids": IDS},
            probe=0.3,
            said={"input_ids": 'enc["input_ids"]', "attention_mask": 'enc["attention_mask"]'},
        ),
        (
            '`enc["attention_mask"]` is fed, but does not reach the encoder',
            (
                '`enc["attention_mask"]` is fed, but `classifier` does not pass it to `bert`; rows 1 and 2 of '
                "`input_ids` have 2 padding tokens each, and the model reads them: other tokens in their "
                "place move the output by 0.3. Padding with 0 is right: it is `config.pad_token_id`."
            ),
            "Pass the attention mask on to the encoder",
            'attention_mask=enc["attention_mask"]  # in the call of `bert` inside `classifier`',
        ),
    ),
    "mask of ones": (
        "attention-mask-over-padding",
        call(IDS, ONES, unpadded=MEASURED, said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`mask` is 1 where the tokens are padding",
            (
                "`mask` is 1 over padding; rows 1 and 2 of `ids` have 2 padding tokens each, and the model "
                "reads them: against the same text unpadded, their [CLS] moves by 0.31 (a row without padding "
                "moves by 0)."
            ),
            "Set the mask to 0 over padding",
            'mask = (ids != 0).astype("int32")',
        ),
    ),
    "mask of ones, an encoding's": (
        "attention-mask-over-padding",
        call(
            IDS,
            ONES.astype("float32"),
            kinds="tf.Tensor",
            said={"input_ids": 'x["input_ids"]', "attention_mask": 'x["attention_mask"]'},
        ),
        (
            '`x["attention_mask"]` is 1 where the tokens are padding',
            (
                '`x["attention_mask"]` is 1 over padding; rows 1 and 2 of `x["input_ids"]` have 2 padding '
                "tokens each, and nothing keeps the model from attending to them (how far that moves the "
                "output was not run)."
            ),
            "Set the mask to 0 over padding",
            'x["attention_mask"] = tf.cast(x["input_ids"] != 0, tf.float32)',
        ),
    ),
    "mask of ones, the model's own": (
        "attention-mask-over-padding",
        call(
            IDS,
            of=model(INSIDE, inputs={}),
            encoder=INSIDE,
            received={"input_ids": IDS, "attention_mask": ONES},
            probe=0.3,
        ),
        (
            "`model` makes an attention mask that is 1 where the tokens are padding",
            (
                "The attention mask that `model` makes for `bert` is 1 over padding; rows 1 and 2 of "
                "`input_ids` have 2 padding tokens each, and the model reads them: other tokens in their "
                "place move the output by 0.3."
            ),
            "Set the mask to 0 over padding",
            'attention_mask = (input_ids != 0).astype("int32")  # where `model` makes it',
        ),
    ),
    "no batch axis": (
        "batch-axis-missing",
        call(FULL[0], of=model(said="bert"), kind="call", error="forward", said={"input_ids": "ids"}),
        (
            "`ids` has no batch axis",
            (
                "`ids` has shape (seq=6) where `bert` takes (batch, seq): the batch axis is missing. "
                "ValueError is raised."
            ),
            "Add the batch axis",
            "ids = ids[None, :]  # (batch=1, seq=6)",
        ),
    ),
    "no batch axis, silent": (
        "batch-axis-missing",
        call(FULL[0], received={"input_ids": FULL[0][:, None]}),
        (
            "`input_ids` has no batch axis",
            (
                "`input_ids` has shape (seq=6) where `model` takes (batch, seq): the batch axis is missing. "
                "Keras made (batch=6, seq=1) of it, so that each of the 6 tokens is read as a text."
            ),
            "Add the batch axis",
            "input_ids = input_ids[None, :]  # (batch=1, seq=6)",
        ),
    ),
    "no batch axis, a dataset": (
        "batch-axis-missing",
        call(FULL[0], container="Dataset", error="forward"),
        (
            "`input_ids` has no batch axis",
            (
                "`input_ids` has shape (seq=6) where `model` takes (batch, seq): each element of the dataset "
                "is a single example. ValueError is raised."
            ),
            "Batch the dataset",
            "dataset = dataset.batch(32)",
        ),
    ),
    "one text down the batch axis": (
        "batch-axis-missing",
        call(FULL[0][:, None], tokenizer=TOKENIZER, said={"input_ids": "x[0]"}),
        (
            "`x[0]` holds one text along its batch axis",
            (
                "`x[0]` has shape (batch=6, seq=1), and its rows are the tokens of one text, from its first "
                "special token (2) to its last (3), where `model` takes (batch=1, seq=6): it reads each token "
                "as a text of its own."
            ),
            "Lay the text along the sequence axis",
            "x[0] = np.reshape(x[0], (1, -1))  # (batch=1, seq=6)",
        ),
    ),
    "an axis too many": (
        "batch-axis-extra",
        call(FULL[:, None], FULL[:, None], error="forward", said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`ids` has one axis too many",
            (
                "`ids` has shape (3, 1, 6) where `model` takes (batch, seq): axis 1, of size 1, is one too "
                "many; `ids[:, 0]` has shape (batch=3, seq=6). ValueError is raised."
            ),
            "Remove the axis of size 1",
            ("ids = ids[:, 0]  # (batch=3, seq=6)\nmask = mask[:, 0]"),
        ),
    ),
    "an axis too many, in front": (
        "batch-axis-extra",
        call(FULL[None], error="forward", said={"input_ids": "ids"}),
        (
            "`ids` has one axis too many",
            (
                "`ids` has shape (1, 3, 6) where `model` takes (batch, seq): axis 0, of size 1, is one too "
                "many; `ids[0]` has shape (batch=3, seq=6). ValueError is raised."
            ),
            "Remove the axis of size 1",
            "ids = ids[0]  # (batch=3, seq=6)",
        ),
    ),
    "too long": (
        "sequence-too-long",
        call(
            batch([18, 4]),
            of=model(INSIDE),
            encoder=INSIDE,
            error="forward",
            tokenizer=TOKENIZER,
            kinds="tf.Tensor",
            said={"input_ids": 'enc["input_ids"]'},
        ),
        (
            '`enc["input_ids"]` has 18 tokens a row, and the model takes 16',
            (
                '`enc["input_ids"]` has 18 tokens along its sequence axis, and `bert` takes at most 16 (16 '
                "rows of position embeddings): 2 too many. ValueError is raised."
            ),
            "Truncate to 16 tokens",
            'enc = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="tf")',
        ),
    ),
    "too long, RoBERTa": (
        "sequence-too-long",
        call(batch([4, 17, 17], 18, pad=1), encoder=ROBERTA, said={"input_ids": "ids"}),
        (
            "`ids` has 17 tokens a row, and the model takes 16",
            (
                "`ids` has 17 tokens along its sequence axis in rows 1 and 2, and `model` takes at most 16 "
                "(18 rows of position embeddings, counted from 2): 1 too many."
            ),
            "Truncate to 16 tokens",
            'enc = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="np")',
        ),
    ),
    "one id too large": (
        "ids-out-of-vocabulary",
        call(np.where(FULL[1, 2] == FULL, 100, FULL)[1:], encoder=PRETRAINED, said={"input_ids": "ids"}),
        (
            "`ids` holds token ids that the model has no embedding for",
            (
                "`ids` holds the token id 100 in row 0, first at position 2; the 100 rows of "
                "`bert.embeddings.weight` are for token ids 0 to 99. TensorFlow raises for such an id on a "
                "CPU, and reads zeros for it on a GPU without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            (
                'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")\n'
                'ids = tokenizer(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]'
            ),
        ),
    ),
    "padded with -1": (
        "ids-out-of-vocabulary",
        call(np.where(IDS == PAD, -1, IDS), tokenizer=TOKENIZER, said={"input_ids": "ids"}),
        (
            "`ids` holds token ids that the model has no embedding for",
            (
                "`ids` holds the token id -1 in rows 1 and 2, first at position 4; the 100 rows of "
                "`bert.embeddings.weight` are for token ids 0 to 99. TensorFlow raises for such an id on a "
                "CPU, and reads zeros for it on a GPU without an error."
            ),
            "Pad with the padding token's id, 0",
            "ids = np.where(ids == -1, 0, ids)",
        ),
    ),
    "padded with -100": (
        "ids-out-of-vocabulary",
        call(np.where(IDS == PAD, -100, IDS), tokenizer=TOKENIZER, said={"input_ids": "ids"}),
        (
            "`ids` holds token ids that the model has no embedding for",
            (
                "`ids` holds the token id -100 in rows 1 and 2, first at position 4; the 100 rows of "
                "`bert.embeddings.weight` are for token ids 0 to 99. TensorFlow raises for such an id on a "
                "CPU, and reads zeros for it on a GPU without an error."
            ),
            "Pad with the padding token's id, 0; -100 is for labels, where the loss ignores it",
            "ids = np.where(ids == -100, 0, ids)",
        ),
    ),
    "several ids": (
        "ids-out-of-vocabulary",
        call([[CLS, 100, 101, 102, 103, 104, 105, 106, SEP]], of=dataclasses.replace(model(), framework="jax")),
        (
            "`input_ids` holds token ids that the model has no embedding for",
            (
                "`input_ids` holds the token ids 100, 101, 102, 103, 104 and 2 more in row 0, first at "
                "position 1; the 100 rows of `bert.embeddings.weight` are for token ids 0 to 99."
            ),
            "Take the token ids from the model's own tokenizer",
            'input_ids = tokenizer(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]',
        ),
    ),
    "ids of one axis": (
        "ids-out-of-vocabulary",
        call([CLS, -7, SEP]),
        (
            "`input_ids` holds token ids that the model has no embedding for",
            (
                "`input_ids` holds the token id -7 in position 1; the 100 rows of `bert.embeddings.weight` "
                "are for token ids 0 to 99. TensorFlow raises for such an id on a CPU, and reads zeros for it "
                "on a GPU without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            'input_ids = tokenizer(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]',
        ),
    ),
    "one input missing": (
        "input-missing",
        call(
            IDS,
            of=model(inputs={"input_ids": (None, None), "attention_mask": (None, None)}),
            seen=False,
            error="forward",
            said={"input_ids": 'enc["input_ids"]'},
        ),
        (
            "`attention_mask` is not fed",
            (
                '`model` takes `input_ids` and `attention_mask`; it is given `enc["input_ids"]`, and '
                "`attention_mask` is missing. ValueError is raised."
            ),
            "Feed every input by name",
            '{"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"]}',
        ),
    ),
    "two inputs missing": (
        "input-missing",
        call(of=model(inputs={"input_ids": (None, None), "attention_mask": (None, None)}), seen=False, error="forward"),
        (
            "`input_ids` and `attention_mask` are not fed",
            (
                "`model` takes `input_ids` and `attention_mask`; it is given nothing, and `input_ids` and "
                "`attention_mask` are missing. ValueError is raised."
            ),
            "Feed every input by name",
            '{"input_ids": input_ids, "attention_mask": attention_mask}',
        ),
    ),
    "one label a token": (
        "labels-shape",
        call(
            FULL,
            of=TAGGER,
            labels={"labels": np.zeros((3, 6), "int32")},
            outputs=(3, 2),
            loss="internal",
            error="loss",
            said={"labels": "tags"},
        ),
        (
            "`tags` does not fit the outputs",
            (
                "`tags` has shape (batch=3, seq=6) where the model's own loss takes (batch=3), as `logits` "
                "has shape (batch=3, labels=2). ValueError is raised in the loss."
            ),
            "Use the head that has one output for each token",
            'tagger = TFBertForTokenClassification.from_pretrained("bert-base-uncased", num_labels=2)',
        ),
    ),
    "one label a token, own head": (
        "labels-shape",
        call(FULL, labels=np.zeros((3, 6), "int32"), outputs={"dense": (3, 4)}, loss="sparse", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=6) where SparseCategoricalCrossentropy takes (batch=3), as "
                "`dense` has shape (batch=3, outputs=4). ValueError is raised in the loss."
            ),
            "Give the model one output for each token",
            "tf.keras.layers.Dense(4)(hidden)  # hidden: the encoder's last_hidden_state (batch, seq, hidden)",
        ),
    ),
    "one-hot for the model's own loss": (
        "labels-shape",
        call(FULL, of=TAGGER, labels=np.eye(3, 2, dtype="int32"), outputs=(3, 2), loss="internal", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, labels=2) where the model's own loss takes (batch=3), as "
                "`logits` has shape (batch=3, labels=2). ValueError is raised in the loss."
            ),
            "Give class indices",
            "labels = np.argmax(labels, axis=-1)  # (batch=3)",
        ),
    ),
    "broadcast": (
        "labels-shape",
        call(
            FULL,
            labels=np.array([0.5, 1.5, 2.5]),
            outputs={"dense": (3, 4)},
            loss="regression",
            said={"labels": "ratings"},
        ),
        (
            "`ratings` does not fit the outputs",
            (
                "`ratings` has shape (batch=3) where mse takes (batch=3, outputs=4), as `dense` has shape "
                "(batch=3, outputs=4). The loss broadcasts the one against the other without an error, and "
                "does not compare each label with its own output."
            ),
            "Give the model one output for each label",
            "tf.keras.layers.Dense(1)  # as the last layer, in place of 4",
        ),
    ),
    "a width of another kind": (
        "labels-shape",
        call(FULL, of=TAGGER, labels=np.zeros((3, 4)), outputs=(3, 2), loss="binary", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, labels=4) where binary_crossentropy takes (batch=3, labels=2), "
                "as `logits` has shape (batch=3, labels=2). ValueError is raised in the loss."
            ),
            "Give the model one output for each label",
            "tagger.config.num_labels  # 2 now, 4 is needed when the model is made",
        ),
    ),
    "the wrong order of axes": (
        "labels-shape",
        call(FULL, labels=np.zeros((3, 4, 6)), outputs={"dense": (3, 6, 4)}, loss="categorical", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=4, outputs=6) where CategoricalCrossentropy takes (batch=3, "
                "seq=6, outputs=4), as `dense` has shape (batch=3, seq=6, outputs=4). ValueError is raised in "
                "the loss."
            ),
            "Give one label for each output",
            "labels.shape  # (3, 4, 6) now, (3, 6, 4) is needed",
        ),
    ),
    "tokens of another length": (
        "labels-shape",
        call(FULL, labels=np.zeros((3, 5), "int32"), outputs=(3, 6, 4), loss="sparse", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=5) where SparseCategoricalCrossentropy takes (batch=3, "
                "seq=6), as `logits` has shape (batch=3, seq=6, outputs=4). ValueError is raised in the loss."
            ),
            "Give one label for each output",
            "labels.shape  # (3, 5) now, (3, 6) is needed",
        ),
    ),
}


@pytest.mark.parametrize(("slug", "facts", "sentences"), MESSAGES.values(), ids=MESSAGES)
def test_what_a_rule_says(slug: str, facts: CallFacts, sentences: tuple[str, str, str, str]) -> None:
    finding = check(slug, facts)
    assert finding is not None
    assert finding.fix is not None
    assert (finding.title, finding.detail, finding.fix.title, finding.fix.snippet) == sentences


def test_every_rule_has_its_sentences_here() -> None:
    here = {slug for slug, _, _ in MESSAGES.values()}
    beside = {slug for slug, _, _ in test_messages_structure_labels.MESSAGES.values()}
    assert here | beside == set(RULES)


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


def test_the_proof_of_a_mask() -> None:
    finding = check("attention-mask-missing", call(IDS, unpadded=MEASURED))
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.proof == Proof(
        "the encoder on rows 1 and 2, with a mask that is 0 over padding",
        "against the same text unpadded, [CLS] moves by 0, and by 0.31 as it was fed",
    )


@pytest.mark.parametrize("masked", [None, {}, {1: 0.2, 2: 0.0}])
def test_no_proof_is_claimed_that_was_not_given(masked: dict[int, float] | None) -> None:
    finding = check("attention-mask-missing", call(IDS, unpadded=dataclasses.replace(MEASURED, masked=masked)))
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.proof is None


def test_phrases() -> None:
    assert listed([3]) == "3"
    assert listed([1, 2, 3]) == "1, 2 and 3"
    assert listed(range(6)) == "0, 1, 2, 3, 4 and 5"
    assert listed(range(32)) == "0, 1, 2, 3, 4 and 27 more"
    assert rows_of([4]) == "row 4"
    assert rows_of([1, 4]) == "rows 1 and 4"
    assert (count(1, "row"), count(2, "row"), count(0, "row")) == ("1 row", "2 rows", "0 rows")
    assert (amount(3e-7), amount(0.3149), amount(12.34), amount(1234.5)) == ("0", "0.31", "12", "1234")


def test_a_page_says_what_is_wrong_and_what_is_right() -> None:
    assert RULES["attention-mask-missing"].page().splitlines()[:3] == [
        "attention-mask-missing (warning)",
        "",
        "Rows have padding and the model gets no attention mask.",
    ]
