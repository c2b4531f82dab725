"""Every sentence of the rules on texts, words, rows and frameworks: title, detail, fix and code."""

from __future__ import annotations

from cell_builder import cell, raised, texts, tokenized, value
from facts_builder import Messages, call, model, tensor
from text_facts import aligned, cased, ended, failed, lists, maker, rows, words_fed

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import CellFacts

NO_TORCH = "PyTorch is not installed."
BATCH = (
    "Cannot batch tensors with different shapes in component 0. "
    "First element had shape [11] and element 1 had shape [9]."
)

FACTS: dict[str, tuple[str, CellFacts]] = {
    "numbers among the texts": ("text-not-valid", failed(texts(odd=((2, "float", "nan"), (4, "float", "nan"))))),
    "an integer among the texts": ("text-not-valid", failed(texts(odd=((1, "int", "7"),)))),
    "bytes among the texts": ("text-not-valid", failed(texts(None, odd=((0, "bytes", "b'a'"),)))),
    "token ids for texts": (
        "text-not-valid",
        failed(texts("ids", "words", odd=((0, "int", "101"),), with_spaces=0, inner=(3, 4))),
    ),
    "each text in a list": ("text-not-valid", failed(texts("column", "words", inner=(1, 1, 1)))),
    "an array": ("text-not-valid", failed(texts("names", "other", kind="ndarray"))),
    "a column with gaps": (
        "text-not-valid",
        failed(texts("df['text']", "other", kind="Series", odd=((3, "float", "nan"),))),
    ),
    "a tensor": ("text-not-valid", failed(texts("t", "other", kind="EagerTensor", framework="tensorflow"))),
    "in Dataset.map": (
        "tokenizer-in-graph",
        failed(texts("text", "other", kind="SymbolicTensor", framework="tensorflow", is_symbolic=True)),
    ),
    "a description of a tensor": (
        "tokenizer-in-graph",
        cell(tokenizer_calls=[tokenized(texts(None, "text", is_symbolic=True))]),
    ),
    "asked for its value": (
        "tokenizer-in-graph",
        cell(
            raised=raised(
                "AttributeError",
                value("encode", "function", "python", tokenizer="tokenizer"),
                text="in user code: 'SymbolicTensor' object has no attribute 'numpy'",
            )
        ),
    ),
    "a split sentence": ("word-list-as-batch", words_fed(words_of="sentence", running=("the",))),
    "a list of sentences for a tagger": (
        "word-list-as-batch",
        words_fed(model(said="tagger", type="TFBertForTokenClassification"), beside="sentences[0]", running=(".",)),
    ),
    "lists of words": ("word-list-as-batch", failed(texts("words", "words", inner=(3, 5), with_spaces=0))),
    "PyTorch's tensors": (
        "framework-mismatch",
        failed(texts(), ("ImportError", NO_TORCH), return_tensors="pt"),
    ),
    "a class of PyTorch": (
        "framework-mismatch",
        cell(
            raised=raised(
                "ImportError",
                value("BertModel", "BertModel", "transformers", needs=("torch",), place="cls"),
                source="BertModel.from_pretrained",
            )
        ),
    ),
    "a collator's default": (
        "framework-mismatch",
        cell(
            raised=raised(
                "ModuleNotFoundError",
                value(None, "str", "python", place="return_tensors", text="'pt'"),
                missing="torch",
                callee="transformers.data.data_collator.default_data_collator",
                callee_said="default_data_collator",
            )
        ),
    ),
    "tensors of PyTorch": (
        "framework-mismatch",
        cell(
            raised=raised(
                "ValueError",
                value("ids", "torch.Tensor", "torch", shape=(2, 5)),
                owner=value("model", "TFBertModel", "tf-keras", place="self"),
            )
        ),
    ),
    "not padded by the tokenizer": (
        "ragged-rows",
        failed(texts("reviews"), ("ValueError", "Unable to create tensor"), return_tensors="tf", lengths=(11, 9, 9)),
    ),
    "tf.constant": (
        "ragged-rows",
        cell(
            tokenizer_calls=[tokenized(texts("reviews"), lengths=(11, 9))],
            raised=maker("tf.constant", "tf.constant(ids)", rows("ids", 11, 9)),
        ),
    ),
    "np.array of labels": (
        "ragged-rows",
        cell(raised=maker("np.array", "np.array(tags)", rows("tags", 4, 6, place="name"))),
    ),
    "lists in fit": (
        "ragged-rows",
        ended(call(others=[tensor("input_ids", lists(5, 7), "input_ids", said="ids", kind="list")], error="forward")),
    ),
    "a ragged tensor": (
        "ragged-rows",
        ended(
            call(others=[tensor("input_ids", lists(5, 7), said="ids", kind="tensorflow.RaggedTensor")], error="forward")
        ),
    ),
    "a dataset's batch": (
        "ragged-rows",
        cell(
            CallFacts(
                "fit", model(), (), error=ErrorFacts("InvalidArgumentError", BATCH, None, "data"), data="dataset"
            ),
            raised=raised("InvalidArgumentError", text=BATCH),
        ),
    ),
    "one label a word": ("labels-not-aligned", aligned([[-100, 1, 2, 0, -100, -100], [-100, 1, 0, -100, -100, -100]])),
    "as many columns as words": ("labels-not-aligned", aligned([[1, 2, 0], [1, 0, 0]], error="loss")),
    "capitals unknown": ("tokenizer-casing", cased(("Bergen", "[UNK]"), ("Oslo", "[UNK]"))),
    "capitals lowered": ("tokenizer-casing", cased(("Paris", "par ##is"), lowers=True, capitals=420, unknown=0)),
}
SENTENCES: dict[str, tuple[str, str, str, str]] = {
    "numbers among the texts": (
        "`texts` holds values that are no strings",
        (
            "`texts` holds nan (float) at index 2 and nan (float) at index 4, where `tokenizer` takes "
            "strings only. ValueError is raised."
        ),
        "Leave the rows without a text out",
        "texts = [text for text in texts if isinstance(text, str)]  # and the same rows of the labels",
    ),
    "an integer among the texts": (
        "`texts` holds values that are no strings",
        "`texts` holds 7 (int) at index 1, where `tokenizer` takes strings only. ValueError is raised.",
        "Make strings of them",
        "texts = [str(text) for text in texts]",
    ),
    "bytes among the texts": (
        "What the tokenizer is given holds values that are no strings",
        (
            "What the tokenizer is given holds b'a' (bytes) at index 0, where `tokenizer` takes strings "
            "only. ValueError is raised."
        ),
        "Decode the bytes",
        'texts = [text.decode("utf-8") for text in texts]',
    ),
    "token ids for texts": (
        "`ids` holds values that are no strings",
        "`ids` holds 101 (int), where `tokenizer` takes strings only. ValueError is raised.",
        "Pad token ids by `pad`, or give the texts",
        'enc = tokenizer.pad({"input_ids": ids}, return_tensors="tf")',
    ),
    "each text in a list": (
        "`column` holds lists in place of texts",
        (
            "Each of the 3 items of `column` is a list that holds one string, where `tokenizer` takes the "
            "strings themselves. ValueError is raised."
        ),
        "Give the strings",
        "column = [row[0] for row in column]",
    ),
    "an array": (
        "`names` is no text and no list of texts",
        (
            "`names` is of type numpy.ndarray, where `tokenizer` takes a string or a list of strings. "
            "ValueError is raised."
        ),
        "Give a list",
        "names = names.tolist()",
    ),
    "a column with gaps": (
        "`df['text']` is no text and no list of texts",
        (
            "`df['text']` is of type Series, where `tokenizer` takes a string or a list of strings. It "
            "holds nan (float) at index 3, too. ValueError is raised."
        ),
        "Give a list of the strings",
        "df['text'] = [text for text in df['text'].tolist() if isinstance(text, str)]",
    ),
    "a tensor": (
        "`t` is no text and no list of texts",
        ("`t` is of type tf.Tensor, where `tokenizer` takes a string or a list of strings. ValueError is raised."),
        "Take the strings out of the tensor",
        "t = [text.decode() for text in np.ravel(t.numpy())]",
    ),
    "in Dataset.map": (
        "`tokenizer` is called on a symbolic tensor",
        (
            "`tokenizer` is given `text`, a symbolic tensor (SymbolicTensor): a graph is traced here, once, "
            "and there is no text yet. ValueError is raised."
        ),
        "Tokenize the texts before the dataset is made",
        (
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")\ndataset = '
            "tf.data.Dataset.from_tensor_slices((dict(enc), labels)).batch(32)"
        ),
    ),
    "a description of a tensor": (
        "`tokenizer` is called on a symbolic tensor",
        (
            "`tokenizer` is given the text that `str()` makes of a symbolic tensor: a graph is traced here, "
            "once, and there is no text yet. The same description is tokenized for every row."
        ),
        "Tokenize the texts before the dataset is made",
        (
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")\ndataset = '
            "tf.data.Dataset.from_tensor_slices((dict(enc), labels)).batch(32)"
        ),
    ),
    "asked for its value": (
        "`tokenizer` is called on a symbolic tensor",
        (
            "`tokenizer` is called in `encode`, which asks a symbolic tensor for its value: a graph is "
            "traced here, once, and there is no text yet. AttributeError is raised."
        ),
        "Tokenize the texts before the dataset is made",
        (
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")\ndataset = '
            "tf.data.Dataset.from_tensor_slices((dict(enc), labels)).batch(32)"
        ),
    ),
    "a split sentence": (
        "`words` is one text's words, and is tokenized as 3 texts",
        (
            "`tokenizer` is given `words`, a list of 3 words, without `is_split_into_words`; they are the "
            "words of `sentence`, in their order. `bert` gets 3 rows, one a word, each between special "
            "tokens of its own, where one row a text is meant."
        ),
        "Say that the text is split into words",
        'enc = tokenizer([words], is_split_into_words=True, truncation=True, return_tensors="tf")',
    ),
    "a list of sentences for a tagger": (
        "`words` is one text's words, and is tokenized as 3 texts",
        (
            "`tokenizer` is given `words`, a list of 3 words, without `is_split_into_words`; they are "
            "`sentences[0]`, with '.' among them, and `tagger` labels the tokens of a text. `tagger` gets 3 "
            "rows, one a word, each between special tokens of its own, where one row a text is meant."
        ),
        "Say that the text is split into words",
        'enc = tokenizer([words], is_split_into_words=True, truncation=True, return_tensors="tf")',
    ),
    "lists of words": (
        "`words` holds lists of words, and the tokenizer is not told",
        (
            "`tokenizer` is given `words`, lists of 3 and 5 words, without `is_split_into_words`: it takes "
            "each list for a text, or a pair of texts. ValueError is raised."
        ),
        "Say that the texts are split into words",
        ('enc = tokenizer(words, is_split_into_words=True, padding=True, truncation=True, return_tensors="tf")'),
    ),
    "PyTorch's tensors": (
        "`tokenizer` is asked for PyTorch's tensors, and PyTorch is not installed",
        (
            '`tokenizer` makes tensors of PyTorch (`return_tensors="pt"`), which is not installed; the '
            "models of this kernel are of TensorFlow. ImportError is raised."
        ),
        "Ask for TensorFlow's tensors",
        'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")',
    ),
    "a class of PyTorch": (
        "`BertModel` is a class of PyTorch, which is not installed",
        "`BertModel` needs PyTorch, and this kernel has TensorFlow 2.21.0. ImportError is raised.",
        "Use the class of the framework that is installed",
        "from transformers import TFBertModel\nTFBertModel.from_pretrained(checkpoint)",
    ),
    "a collator's default": (
        "`default_data_collator` needs PyTorch, which is not installed",
        (
            '`default_data_collator` works with PyTorch (`return_tensors="pt"`), and this kernel has '
            "TensorFlow 2.21.0. ModuleNotFoundError is raised."
        ),
        "Ask for TensorFlow's",
        'default_data_collator(*args, return_tensors="tf")',
    ),
    "tensors of PyTorch": (
        "`ids` is a tensor of PyTorch, and `model` takes TensorFlow's",
        "`ids` is a torch.Tensor, which `model` of TensorFlow cannot take. ValueError is raised.",
        "Give TensorFlow's tensors, or NumPy's",
        "ids = np.asarray(ids)",
    ),
    "not padded by the tokenizer": (
        "`tokenizer` gives rows of different lengths, of which no tensor is made",
        (
            "`tokenizer` makes 3 rows of length 9 to 11 (row 0 has 11, row 1 has 9) of `reviews`, and "
            "cannot make one tensor of them. ValueError is raised."
        ),
        "Pad the rows to one length",
        'enc = tokenizer(reviews, padding=True, truncation=True, return_tensors="tf")',
    ),
    "tf.constant": (
        "`ids` has rows of different lengths",
        (
            "`ids` holds 2 rows of length 9 to 11 (row 0 has 11, row 1 has 9), of which `tf.constant` "
            "cannot make one array. ValueError is raised."
        ),
        "Pad the rows to one length",
        'enc = tokenizer(reviews, padding=True, truncation=True, return_tensors="tf")',
    ),
    "np.array of labels": (
        "`tags` has rows of different lengths",
        (
            "`tags` holds 2 rows of length 4 to 6 (row 0 has 4, row 1 has 6), of which `np.array` cannot "
            "make one array. ValueError is raised."
        ),
        "Pad the rows to one length",
        'tags = tf.keras.utils.pad_sequences(tags, padding="post")  # value=-100 for labels',
    ),
    "lists in fit": (
        "`ids` has rows of different lengths",
        (
            "`ids` holds 2 rows of length 5 to 7 (row 0 has 5, row 1 has 7), as lists; `model` takes one "
            "length for all rows of a batch. ValueError is raised."
        ),
        "Pad the rows to one length",
        'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
    ),
    "a ragged tensor": (
        "`ids` is a ragged tensor",
        (
            "`ids` holds 2 rows of length 5 to 7 (row 0 has 5, row 1 has 7), as a ragged tensor; `model` "
            "takes one length for all rows of a batch. ValueError is raised."
        ),
        "Pad the rows to one length",
        "ids = ids.to_tensor(default_value=0)",
    ),
    "a dataset's batch": (
        "`dataset` batches rows of different lengths",
        (
            "`dataset` puts elements of different lengths into one batch: element 0 has 11, element 1 has "
            "9. InvalidArgumentError is raised."
        ),
        "Pad each batch to its longest row",
        "dataset.padded_batch(32)  # in place of batch",
    ),
    "one label a word": (
        "`labels` has one label a word, and the model one output a token",
        (
            "Row 0 of `labels` has its 3 labels at positions 1 to 3, one a word; its words have 4 tokens. "
            "Word 2 begins at position 4, and its label stands at position 3, on another token."
        ),
        "Put each label at its word's first token",
        (
            'labels = np.full(enc["input_ids"].shape, -100)\nfor row, tags in enumerate(tags_of_words):  # '
            "one list a text\n    words = enc.word_ids(row)\n    labels[row] = [\n        -100 if word in "
            "(None, before) else tags[word] for before, word in zip([None, *words], words)\n    ]"
        ),
    ),
    "as many columns as words": (
        "`labels` has one label a word, and the model one output a token",
        (
            "`labels` has 3 columns, as many as the longest text has words; `logits` has 6 positions, one a "
            "token. ValueError is raised."
        ),
        "Put each label at its word's first token",
        (
            'labels = np.full(enc["input_ids"].shape, -100)\nfor row, tags in enumerate(tags_of_words):  # '
            "one list a text\n    words = enc.word_ids(row)\n    labels[row] = [\n        -100 if word in "
            "(None, before) else tags[word] for before, word in zip([None, *words], words)\n    ]"
        ),
    ),
    "capitals unknown": (
        "`tokenizer` keeps capital letters, and its vocabulary has none",
        (
            "`tokenizer` does not lower-case `headlines`, and 0 % of its vocabulary's tokens have a capital "
            'letter: "Bergen" becomes [UNK] and "Oslo" becomes [UNK]. 2 of 20 tokens are unknown.'
        ),
        "Treat capital letters as the vocabulary does",
        "tokenizer = type(tokenizer).from_pretrained(tokenizer.name_or_path, do_lower_case=True)",
    ),
    "capitals lowered": (
        "`tokenizer` lower-cases, and its vocabulary is cased",
        (
            "`tokenizer` lower-cases `headlines`, and 42 % of its vocabulary's tokens have a capital "
            'letter: "Paris" becomes par ##is, though it is a token itself.'
        ),
        "Treat capital letters as the vocabulary does",
        "tokenizer = type(tokenizer).from_pretrained(tokenizer.name_or_path, do_lower_case=False)",
    ),
}
MESSAGES: Messages = {name: (slug, facts, SENTENCES[name]) for name, (slug, facts) in FACTS.items()}
