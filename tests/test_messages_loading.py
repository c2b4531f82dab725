"""Every sentence of the rules on releases, checkpoints, stored and reloaded models: title, detail, fix and code."""

from __future__ import annotations

from cell_builder import cell, raised, value
from facts_builder import Messages

from bertmagic.facts.cell import CellFacts
from bertmagic.facts.loading import ArgumentsFacts, ReloadedFacts, SpecFacts, StoredFacts, WeightFacts

TOKENIZER = value("tok", "BertTokenizerFast", "transformers", place="self")
IDS = SpecFacts("input_ids", (None, None), "int32")
MASK = SpecFacts("attention_mask", (None, None), "int32")
BOTH = ArgumentsFacts("keywords", (MASK, IDS))
WIDE = ArgumentsFacts(
    "keywords", (SpecFacts("attention_mask", (3, 8), "int64"), SpecFacts("input_ids", (3, 8), "int64"))
)
INFER = {"callee_said": "infer", "source": "infer(**enc)"}

FACTS: dict[str, tuple[str, CellFacts]] = {
    "a name": (
        "transformers-version-conflict",
        cell(raised=raised("ImportError", missing="AdamW", missing_in="transformers")),
    ),
    "a module": (
        "transformers-version-conflict",
        cell(
            raised=raised(
                "ModuleNotFoundError",
                source="from transformers.modeling_tf_bert import TFBertModel",
                missing="transformers.modeling_tf_bert",
                missing_in="transformers.modeling_tf_bert",
            )
        ),
    ),
    "a TensorFlow class": (
        "transformers-version-conflict",
        cell(
            raised=raised("ImportError", missing="TFBertModel", missing_in="transformers"),
            versions={"transformers": "5.1.0"},
        ),
    ),
    "an attribute": (
        "transformers-version-conflict",
        cell(raised=raised("AttributeError", missing="max_len", missing_in="BertTokenizerFast", owner=TOKENIZER)),
    ),
    "a keyword refused": (
        "transformers-version-conflict",
        cell(
            raised=raised(
                "TypeError",
                value(None, "bool", "python", place="pad_to_max_length", text="True"),
                text="_batch_encode_plus() got an unexpected keyword argument 'pad_to_max_length'",
                source="tok(texts, max_length=32, pad_to_max_length=True)",
                owner=TOKENIZER,
            )
        ),
    ),
    "a keyword passed over": (
        "transformers-version-conflict",
        cell(
            raised=raised(
                "ValueError",
                value(None, "str", "python", place="return_tensors", text="'tf'"),
                value(None, "bool", "python", place="pad_to_max_length", text="True"),
                source="tok(texts, **settings)",
                owner=TOKENIZER,
            )
        ),
    ),
    "safetensors": (
        "transformers-version-conflict",
        cell(
            raised=raised(
                "TypeError",
                text="'builtins.safe_open' object is not iterable",
                callee_said="TFAutoModel.from_pretrained",
            ),
            versions={"transformers": "4.55.0"},
        ),
    ),
    "a head": (
        "checkpoint-shape-mismatch",
        cell(
            raised=raised(
                "ValueError",
                source='TFBertForSequenceClassification.from_pretrained("stars", num_labels=5)',
                loading=WeightFacts(
                    "classifier/kernel", (32, 2), (32, 5), "from_pretrained", "stars", "TFBertModel", in_encoder=False
                ),
            )
        ),
    ),
    "an encoder": (
        "checkpoint-shape-mismatch",
        cell(
            raised=raised(
                "ValueError",
                callee_said="TFBertModel.from_pretrained",
                loading=WeightFacts(
                    "bert/weight", (100, 32), (120, 32), "from_pretrained", "stars", "TFBertModel", in_encoder=True
                ),
            )
        ),
    ),
    "set_weights": (
        "checkpoint-shape-mismatch",
        cell(raised=raised("ValueError", loading=WeightFacts("head/bias", (2,), (3, 1), "set_weights"))),
    ),
    "an unknown layer": (
        "custom-objects-missing",
        cell(
            raised=raised(
                "ValueError",
                source='keras.models.load_model("m.h5")',
                callee_said="keras.models.load_model",
                loading=StoredFacts("load", "load_model", "h5", "m.h5", unknown=("TFBertModel", "mine>Pool")),
            )
        ),
    ),
    "a subclassed model": (
        "custom-objects-missing",
        cell(
            raised=raised(
                "NotImplementedError", loading=StoredFacts("save", "save", "h5", "m.h5", "clf", is_subclassed=True)
            )
        ),
    ),
    "a layer without config, held back": (
        "custom-objects-missing",
        CellFacts(saves=(StoredFacts("save", "save", "keras", "m.keras", "clf", without_config=("Pool",)),)),
    ),
    "two layers without config": (
        "custom-objects-missing",
        cell(
            raised=raised(
                "NotImplementedError",
                loading=StoredFacts("save", "to_json", "json", None, "clf", without_config=("Pool", "Wrap")),
            )
        ),
    ),
    "a dtype": ("saved-model-call", cell(raised=raised("X", **INFER, loading=ReloadedFacts((BOTH,), WIDE)))),
    "names": (
        "saved-model-call",
        cell(
            raised=raised(
                "TypeError",
                **INFER,
                loading=ReloadedFacts((BOTH,), ArgumentsFacts("keywords", (SpecFacts("ids", (3, 8), "int32"), MASK))),
            )
        ),
    ),
    "a form": (
        "saved-model-call",
        cell(raised=raised("TypeError", **INFER, loading=ReloadedFacts((BOTH,), ArgumentsFacts("dict", (IDS, MASK))))),
    ),
    "a shape, the nearest of two": (
        "saved-model-call",
        cell(
            raised=raised(
                "ValueError",
                callee_said="model",
                loading=ReloadedFacts(
                    (
                        ArgumentsFacts("dict", (IDS, MASK)),
                        ArgumentsFacts(
                            "list", (SpecFacts("ids", (None, 8), "int32"), SpecFacts(None, (None,), "int32"))
                        ),
                    ),
                    ArgumentsFacts("list", (SpecFacts(None, (3, 5), "int32"), SpecFacts(None, (3,), "int32"))),
                ),
            )
        ),
    ),
    "no such method": (
        "saved-model-call",
        cell(
            raised=raised(
                "AttributeError",
                missing="predict",
                missing_in="_UserObject",
                source="loaded.predict",
                loading=ReloadedFacts((BOTH,), None, ("serving_default",)),
            )
        ),
    ),
    "not callable, no signature": (
        "saved-model-call",
        cell(raised=raised("TypeError", source="loaded(ids)", loading=ReloadedFacts((), None, ()))),
    ),
}
SENTENCES: dict[str, tuple[str, str, str, str]] = {
    "a name": (
        "transformers 4.53.3 has no `AdamW`",
        "transformers 4.53.3 is installed. `AdamW` was in release 4.49, and is in this one no more.",
        "Write it as the installed release has it",
        "from tf_keras.optimizers import AdamW  # for PyTorch: from torch.optim import AdamW",
    ),
    "a module": (
        "transformers 4.53.3 has no `transformers.modeling_tf_bert`",
        (
            "transformers 4.53.3 is installed. `transformers.modeling_tf_bert` was in release 3.5, and is in "
            "this one no more. Release 4.0 moved it into a folder of its model."
        ),
        "Write it as the installed release has it",
        "from transformers.models.bert.modeling_tf_bert import TFBertModel",
    ),
    "a TensorFlow class": (
        "transformers 5.1.0 has no `TFBertModel`",
        (
            "transformers 5.1.0 is installed. Releases from 5.0 on have no TensorFlow classes; 4.57 is the "
            "last that has `TFBertModel`."
        ),
        "Install a release that can",
        '# %pip install "transformers==4.53.3" and restart the kernel',
    ),
    "an attribute": (
        "`tok` has no `max_len` in this transformers release",
        ("transformers 4.53.3 is installed. Tokenizers had `max_len` in release 3.5, and have it in this one no more."),
        "Write it as the installed release has it",
        "tok.model_max_length",
    ),
    "a keyword refused": (
        "`tok` takes no `pad_to_max_length` in this transformers release",
        (
            "transformers 4.53.3 is installed. `pad_to_max_length=True` was taken by earlier ones; this one "
            'raises. `padding="max_length"` says the same.'
        ),
        "Write it as the installed release has it",
        'tok(texts, max_length=32, padding="max_length")',
    ),
    "a keyword passed over": (
        "`tok` takes no `pad_to_max_length` in this transformers release",
        (
            "transformers 4.53.3 is installed. `pad_to_max_length=True` was taken by earlier ones; this one "
            'passes it over, and the rows stay of different lengths. `padding="max_length"` says the same.'
        ),
        "Write it as the installed release has it",
        'enc = tok(texts, padding="max_length", truncation=True)',
    ),
    "safetensors": (
        "transformers 4.55.0 cannot load PyTorch's safetensors into a TensorFlow model",
        (
            "transformers 4.55.0 is installed. Releases 4.54 to 4.57 iterate over the open file, which the "
            "safetensors package does not allow."
        ),
        "Install a release that can",
        '# %pip install "transformers==4.53.3" and restart the kernel',
    ),
    "a head": (
        "The stored `classifier/kernel` does not fit the model",
        (
            '`classifier/kernel` is (32, 2) in "stars" and (32, 5) in `TFBertModel`, 2 against 5: the head '
            "was stored for another number of outputs."
        ),
        "Have a new head made, which is then to be trained, or load as many outputs as were stored",
        ('TFBertForSequenceClassification.from_pretrained("stars", num_labels=5, ignore_mismatched_sizes=True)'),
    ),
    "an encoder": (
        "The stored `bert/weight` does not fit the model",
        (
            '`bert/weight` is (100, 32) in "stars" and (120, 32) in `TFBertModel`, 100 against 120: the '
            "model was made with other sizes than the checkpoint's own config has."
        ),
        "Leave the sizes to the checkpoint's own config",
        'TFBertModel.from_pretrained("stars")  # without a config, or sizes, of another model',
    ),
    "set_weights": (
        "The stored `head/bias` does not fit the model",
        (
            "`head/bias` is (2,) in what is given to `set_weights` and (3, 1) in the model: the model was "
            "built with other sizes than the one whose weights these are."
        ),
        "Build the model with the sizes that were stored",
        "# `head/bias` is to have the shape (2,)",
    ),
    "an unknown layer": (
        "Keras does not know `TFBertModel` and `mine>Pool`",
        (
            '"m.h5" names `TFBertModel` and `mine>Pool`, and an HDF5 file holds the name, not the code: '
            "`load_model` finds them neither among Keras' own nor in `custom_objects`."
        ),
        "Give `load_model` what it does not know",
        'keras.models.load_model("m.h5", custom_objects={"TFBertModel": TFBertModel, "Pool": Pool})',
    ),
    "a subclassed model": (
        "`clf` cannot be saved to an HDF5 file",
        (
            "`clf` is a subclassed model: its graph is Python code, and an HDF5 file holds the config of "
            "layers and their weights only. `save` raises and writes nothing."
        ),
        "Save it as a SavedModel, or its weights alone",
        'clf.save("model_folder", save_format="tf")\nclf.save_weights("model.weights.h5")',
    ),
    "a layer without config, held back": (
        "`Pool` tells no config of itself",
        (
            "`Pool` in `clf` has no `get_config` of its own, and was made with arguments that cannot be "
            "written out; a `.keras` file holds the config of every layer. `save` raises. It was held back "
            "here, since the model's `fit` was dry."
        ),
        "Give `Pool` a `get_config`, or save the weights alone",
        'clf.save_weights("model.weights.h5")  # and build the model by the same code before loading them',
    ),
    "two layers without config": (
        "`Pool` tells no config of itself",
        (
            "`Pool` and `Wrap` in `clf` have no `get_config` of their own, and were made with arguments that "
            "cannot be written out; JSON holds the config of every layer. `to_json` raises."
        ),
        "Give `Pool` a `get_config`, or save the weights alone",
        'clf.save_weights("model.weights.h5")  # and build the model by the same code before loading them',
    ),
    "a dtype": (
        "`infer` is not called as its signature says",
        (
            "`infer` takes `attention_mask` (?, ?) int32, `input_ids` (?, ?) int32 by keyword; "
            "`attention_mask` is given as int64. A SavedModel holds graphs for these tensors alone."
        ),
        "Call it as its signature says",
        "infer(attention_mask=tf.cast(attention_mask, tf.int32), input_ids=tf.cast(input_ids, tf.int32))",
    ),
    "names": (
        "`infer` is not called as its signature says",
        (
            "`infer` takes `attention_mask` (?, ?) int32, `input_ids` (?, ?) int32 by keyword; `input_ids` "
            "is not given and `ids` is not taken. A SavedModel holds graphs for these tensors alone."
        ),
        "Call it as its signature says",
        "infer(attention_mask=tf.cast(attention_mask, tf.int32), input_ids=tf.cast(input_ids, tf.int32))",
    ),
    "a form": (
        "`infer` is not called as its signature says",
        (
            "`infer` takes `attention_mask` (?, ?) int32, `input_ids` (?, ?) int32 by keyword; it is given 2 "
            "tensors in one dict. A SavedModel holds graphs for these tensors alone."
        ),
        "Call it as its signature says",
        "infer(attention_mask=tf.cast(attention_mask, tf.int32), input_ids=tf.cast(input_ids, tf.int32))",
    ),
    "a shape, the nearest of two": (
        "`model` is not called as its signature says",
        (
            "`model` takes `ids` (?, 8) int32, a tensor (?,) int32 in one list; `ids` is given as (3, 5). A "
            "SavedModel holds graphs for these tensors alone."
        ),
        "Call it as its signature says",
        "model([tf.cast(ids, tf.int32), tf.cast(tensor_1, tf.int32)])",
    ),
    "no such method": (
        "`loaded` has no `predict`",
        ("`loaded` has no `predict`: what `tf.saved_model.load` gives is no Keras model; it has `serving_default`."),
        "Call one of its signatures",
        (
            'loaded.signatures["serving_default"](\n    attention_mask=tf.cast(attention_mask, tf.int32),\n    '
            "input_ids=tf.cast(input_ids, tf.int32),\n)"
        ),
    ),
    "not callable, no signature": (
        "`loaded` cannot be called",
        ("`loaded` cannot be called: what `tf.saved_model.load` gives is no Keras model; it has no signature."),
        "Load it with Keras",
        "loaded = tf_keras.models.load_model(path)  # where Keras saved it",
    ),
}

MESSAGES: Messages = {name: (slug, facts, SENTENCES[name]) for name, (slug, facts) in FACTS.items()}
