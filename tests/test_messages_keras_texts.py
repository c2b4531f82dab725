"""The sentences on what KerasHub's tokenizers and preprocessors are given, as in `test_messages.py`."""

from __future__ import annotations

import numpy as np
from facts_builder import Messages
from hub_facts import (
    PREP,
    SHIFTED,
    TAGS,
    TOK,
    cased_by,
    missing,
    missing_in_fit,
    predicting,
    read_by_argmax,
    tagged,
    unpacked,
    words_packed,
)
from keras_facts import TASK

MESSAGES: Messages = {
    "one review's words": (
        "word-list-as-batch",
        words_packed(),
        (
            "`words` is one text's words, and is tokenized as 3 texts",
            (
                "`prep` is given `words`, a list of 3 words; they are the words of `review`, in their "
                "order. `backbone` gets 3 rows, one a word, each between special tokens of its own, where "
                "one row a text is meant."
            ),
            "Give the text as a whole",
            'enc = prep([" ".join(words)])',
        ),
    ),
    "words that a tokenizer is given": (
        "word-list-as-batch",
        words_packed(TOK),
        (
            "`words` is one text's words, and is tokenized as 3 texts",
            (
                "`tok` is given `words`, a list of 3 words; they are the words of `review`, in their order."
                " `backbone` gets 3 rows, one a word, each between special tokens of its own, where one row"
                " a text is meant."
            ),
            "Give the text as a whole",
            'enc = tok([" ".join(words)])',
        ),
    ),
    "a tokenizer that lower-cases": (
        "tokenizer-casing",
        cased_by(TOK, lowers=True),
        (
            "`tok` lower-cases, and its vocabulary is cased",
            (
                "`tok` lower-cases `headlines`, and 42 % of its vocabulary's tokens have a capital letter: "
                '"Paris" becomes par ##is, though it is a token itself.'
            ),
            "Treat capital letters as the vocabulary does",
            "tok = type(tok)(vocabulary=tok.get_vocabulary(), lowercase=False)",
        ),
    ),
    "a preprocessor that keeps capitals": (
        "tokenizer-casing",
        cased_by(PREP),
        (
            "`prep` keeps capital letters, and its vocabulary has none",
            (
                "`prep` does not lower-case `headlines`, and 0 % of its vocabulary's tokens have a capital "
                'letter: "Paris" becomes [UNK]. 2 of 20 tokens are unknown.'
            ),
            "Treat capital letters as the vocabulary does",
            (
                "tokenizer = type(prep.tokenizer)(vocabulary=prep.tokenizer.get_vocabulary(), "
                "lowercase=True)\n"
                "prep = type(prep)(tokenizer, sequence_length=prep.sequence_length)"
            ),
        ),
    ),
    "a label a word": (
        "labels-not-aligned",
        tagged(SHIFTED, tags=TAGS),
        (
            "`labels` has one label a word, and the model one output a token",
            (
                "Row 0 of `labels` has its 3 labels at positions 1 to 3, one a word; its words have 4 "
                "tokens. Word 2 begins at position 4, and its label stands at position 3, on another token."
            ),
            "Put each label at its word's first token",
            (
                "labels = np.full(token_ids.shape, -100)  # and a loss with ignore_class=-100\n"
                "for row, (words, tags) in enumerate(zip(words_of_texts, tags_of_words)):\n"
                "    at = 1  # after the start token\n"
                "    for word, tag in zip(words, tags):\n"
                "        labels[row, at] = tag\n"
                "        at += len(tok(word))"
            ),
        ),
    ),
    "a label a word, by a preprocessor": (
        "labels-not-aligned",
        tagged(SHIFTED, PREP, tags=TAGS),
        (
            "`labels` has one label a word, and the model one output a token",
            (
                "Row 0 of `labels` has its 3 labels at positions 1 to 3, one a word; its words have 4 "
                "tokens. Word 2 begins at position 4, and its label stands at position 3, on another token."
            ),
            "Put each label at its word's first token",
            (
                "labels = np.full(token_ids.shape, -100)  # and a loss with ignore_class=-100\n"
                "for row, (words, tags) in enumerate(zip(words_of_texts, tags_of_words)):\n"
                "    at = 1  # after the start token\n"
                "    for word, tag in zip(words, tags):\n"
                "        labels[row, at] = tag\n"
                "        at += len(prep.tokenizer(word))"
            ),
        ),
    ),
    "a missing review in a task's texts": (
        "text-not-valid",
        missing_in_fit(),
        (
            "`reviews` holds values that are no strings",
            (
                "`reviews` holds nan (float) at index 1, where `classifier.preprocessor` takes strings "
                "only. ValueError is raised."
            ),
            "Leave the rows without a text out",
            ("reviews = [text for text in reviews if isinstance(text, str)]  # and the same rows of the labels"),
        ),
    ),
    "a missing review": (
        "text-not-valid",
        missing(),
        (
            "`reviews` holds values that are no strings",
            "`reviews` holds nan (float) at index 1, where `prep` takes strings only. ValueError is raised.",
            "Leave the rows without a text out",
            ("reviews = [text for text in reviews if isinstance(text, str)]  # and the same rows of the labels"),
        ),
    ),
    "rows of words of other lengths": (
        "ragged-rows",
        unpacked(),
        (
            "`rows` has rows of different lengths",
            (
                "`rows` holds 2 rows of length 2 to 4 (row 0 has 4, row 1 has 2), of which `numpy.array` "
                "cannot make one array. ValueError is raised."
            ),
            "Pad the rows to one length",
            (
                "packer = keras_hub.layers.StartEndPacker(\n"
                "    sequence_length=128,\n"
                "    start_value=tok.start_token_id, end_value=tok.end_token_id, "
                "pad_value=tok.pad_token_id,\n"
                ")\n"
                "ids = packer(tok(reviews))"
            ),
        ),
    ),
    "one column, read by argmax": (
        "regression-head-for-classes",
        read_by_argmax(),
        (
            "`net` has one output, and its class is read by argmax",
            (
                "`labels` holds 0, 1 and 2, and `logits` has 1 output, which mse trains as a number. The "
                "cell takes the argmax of what `net` predicts along that one column: it is 0 for every row."
            ),
            "Give the model one output for each class",
            (
                "keras.layers.Dense(3)  # as the last layer, in place of 1\n"
                "net.compile(optimizer=net.optimizer, loss=keras.losses.SparseCategoricalCrossentropy())"
            ),
        ),
    ),
    "a task's one column, read by argmax": (
        "regression-head-for-classes",
        read_by_argmax(of=TASK),
        (
            "`classifier` has one output, and its class is read by argmax",
            (
                "`labels` holds 0, 1 and 2, and `logits` has 1 output, which mse trains as a number. The "
                "cell takes the argmax of what `classifier` predicts along that one column: it is 0 for "
                "every row."
            ),
            "Give the model one output for each class",
            (
                "classifier = BertTextClassifier.from_preset(preset, num_classes=3)  # 1 now\n"
                "classifier.compile(optimizer=classifier.optimizer, "
                "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))"
            ),
        ),
    ),
    "places that fill up": (
        "mlm-labels-unmasked",
        predicting(),
        (
            "`labels` has labels for places that are not masked",
            (
                "6 of the 18 labels of `labels` are 0, the padding token, and `mask_positions` points to a "
                "token that is not masked there, in rows 0, 1, 2, 3, 4 and 5: these places fill a row up, "
                "and no sample weight is fed, so that the loss counts them as it counts words."
            ),
            "Feed the weights that the preprocessor gives, which are 0 there",
            ("x, y, weights = preprocessor(texts)\nlm.fit(x, y, sample_weight=weights)"),
        ),
    ),
    "places that fill up, weighed": (
        "mlm-labels-unmasked",
        predicting(weights=np.ones((6, 3))),
        (
            "`labels` has labels for places that are not masked",
            (
                "6 of the 18 labels of `labels` are 0, the padding token, and `mask_positions` points to a "
                "token that is not masked there, in rows 0, 1, 2, 3, 4 and 5: these places fill a row up, "
                "and their sample weight is not 0, so that the loss counts them as it counts words."
            ),
            "Feed the weights that the preprocessor gives, which are 0 there",
            ("x, y, weights = preprocessor(texts)\nlm.fit(x, y, sample_weight=weights)"),
        ),
    ),
}
