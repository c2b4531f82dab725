"""Every sentence of the rules on building a graph and using outputs: title, detail, fix and code."""

from __future__ import annotations

from cell_builder import HIDDEN, POOLED, built, cell, raised, symbolic, value
from facts_builder import BERT, Messages, call, having, model

from bertmagic.facts.call import ErrorFacts
from bertmagic.facts.model import InputFacts

OF_BERT = model(said="bert")
OF_CHOICES = model(said="chooser", choices=True)
OF_FUNCTIONAL = model(having(BERT, vocab_rows=30522), said="m", type="Functional", inputs={"ids": (None, 20)})
FED = having(
    model(said="m", type="Functional", inputs={"input_ids": (None, 20, 8)}),
    outputs=(InputFacts("dense", (None, 2), "float32", required=True),),
)
UNPACKED = ErrorFacts("ValueError", "too many values to unpack (expected 2)", "bert", "forward")
LOOKED_UP = ErrorFacts("TypeError", "indices", "bert/embeddings", "forward")
KERAS = {"keras": "3.15.1"}
A_MODEL = value("bert", "TFBertModel", "tf-keras", part="model", place="self")
K3_INPUT = value("ids", "keras.KerasTensor", "keras", shape=(None, 20), is_symbolic=True)
K3_ADAM = value(None, "keras.Adam", "keras", part="optimizer")
OUTPUT = value(
    "output",
    "TFBaseModelOutputWithPooling",
    "transformers",
    is_output_object=True,
    fields=("last_hidden_state", "pooler_output"),
)
KEY = value("pooled", "str", "python", text="'pooler_output'", field_of="TFBaseModelOutputWithPooling")
DENSE = value(None, "tf_keras.Dense", "tf-keras", part="layer", takes_rank=2, place="self")
LSTM = value(None, "tf_keras.LSTM", "tf-keras", part="layer", takes_rank=3, place="self")
VECTOR = value("x", shape=(None, 8), dtype="float32", origin=POOLED)
LEGACY = "import tf_keras as keras  # in place of `import keras`; its layers, optimizers and Model too"

MESSAGES: Messages = {
    "a Keras 3 Input for a TF model": (
        "keras-version-conflict",
        having(cell(raised=raised("ValueError", K3_INPUT, owner=A_MODEL), versions=KERAS), tf_keras_is="tf-keras"),
        (
            "`ids` is of Keras 3, and `bert` is of Keras 2",
            (
                "`ids` is a symbolic tensor of Keras 3 (keras 3.15.1); `bert` is of Keras 2 (tf_keras 2.21.0), which "
                "takes none of the other's objects. ValueError is raised."
            ),
            "Take all of Keras from Keras 2, as transformers' TF models do",
            f"{LEGACY}\n# or write tf.keras, which is Keras 2 here",
        ),
    ),
    "tf.keras is Keras 3": (
        "keras-version-conflict",
        having(cell(raised=raised("ValueError", K3_ADAM, owner=A_MODEL), versions=KERAS), tf_keras_is="keras"),
        (
            "The `keras.Adam` is of Keras 3, and `bert` is of Keras 2",
            (
                "The `keras.Adam` is an optimizer of Keras 3 (keras 3.15.1); `bert` is of Keras 2 (tf_keras 2.21.0), "
                "which takes none of the other's objects. Here `tf.keras` is Keras 3 too: it was first used before "
                "transformers set TF_USE_LEGACY_KERAS. ValueError is raised."
            ),
            "Take all of Keras from Keras 2, as transformers' TF models do",
            (
                'import os\nos.environ["TF_USE_LEGACY_KERAS"] = "1"  # after a restart, before tensorflow is '
                f"imported\nimport tensorflow as tf  # tf.keras is Keras 2 then\n{LEGACY}"
            ),
        ),
    ),
    "an output object in an operator": (
        "output-object-as-tensor",
        cell(raised=raised("TypeError", having(OUTPUT, place="name"), source="output / 2")),
        (
            "`output` is a model's output object, and it is used as a tensor",
            (
                "`output` is a TFBaseModelOutputWithPooling, an object that holds `last_hidden_state` and "
                "`pooler_output`; a tensor is taken in `output / 2`. TypeError is raised."
            ),
            "Take the tensor out of it by its name",
            "output.pooler_output",
        ),
    ),
    "an output object indexed as a tensor": (
        "output-object-as-tensor",
        cell(
            raised=raised(
                "TypeError",
                value(None, "tuple", "python", place="k"),
                owner=OUTPUT,
                callee="transformers.utils.generic.ModelOutput.__getitem__",
                source="output[:, 0]",
                indexed=2,
            )
        ),
        (
            "`output` is a model's output object, and it is used as a tensor",
            (
                "`output` is a TFBaseModelOutputWithPooling, an object that holds `last_hidden_state` and "
                "`pooler_output`; a tensor is taken in `output[:, 0]`. TypeError is raised."
            ),
            "Take the tensor out of it by its name",
            "output.last_hidden_state[:, 0]",
        ),
    ),
    "an output object without a name": (
        "output-object-as-tensor",
        cell(raised=raised("ValueError", having(OUTPUT, said=None), owner=DENSE, callee="tf_keras.x")),
        (
            "The `TFBaseModelOutputWithPooling` is a model's output object, and it is used as a tensor",
            (
                "The `TFBaseModelOutputWithPooling` is a TFBaseModelOutputWithPooling, an object that holds "
                "`last_hidden_state` and `pooler_output`; a tensor is taken. ValueError is raised."
            ),
            "Take the tensor out of it by its name",
            "output.pooler_output  # output: what the model gives",
        ),
    ),
    "a key": (
        "output-object-as-tensor",
        cell(raised=raised("TypeError", KEY, owner=DENSE, callee="tf_keras.x")),
        (
            "`pooled` is a key of a model's output object, and it is used as a tensor",
            (
                "`pooled` is the string 'pooler_output', a key of a TFBaseModelOutputWithPooling: unpacked or looped "
                "over, an output object gives its keys. TypeError is raised."
            ),
            "Take the tensor by its name, or unpack the tuple of tensors",
            "pooled = output.pooler_output  # output: what the model gives; or unpack output.to_tuple()",
        ),
    ),
    "a model in a Sequential": (
        "output-object-as-tensor",
        cell(
            raised=raised(
                "ValueError",
                having(A_MODEL, place="layer"),
                owner=value("m", "tf_keras.Sequential", "tf-keras", part="model"),
            ),
            builds=[built(symbolic("input_ids"))],
        ),
        (
            "`bert` gives an output object, and a Sequential model takes layers that give a tensor",
            (
                "`bert` gives an object of several tensors, of which a Sequential model cannot choose one. ValueError "
                "is raised."
            ),
            "Make a functional model, and take the tensor by its name",
            (
                'ids = tf.keras.Input((None,), dtype="int32", name="input_ids")\n'
                "output = tf.keras.layers.Dense(2)(bert(ids).pooler_output)\n"
                "model = tf.keras.Model(ids, output)"
            ),
        ),
    ),
    "a hidden axis in an Input": (
        "input-layer-shape",
        cell(builds=[built(symbolic("input_ids", (None, 20, 8), said="ids"), of=OF_BERT, error=UNPACKED)]),
        (
            "The Input `ids` has three axes, and `bert` takes (batch, seq)",
            (
                "The Input `ids` has shape (None, 20, 8), batch axis included, where `bert` takes (batch, seq) as "
                "input_ids: axis 2, of size 8, is the hidden axis, which comes out of the encoder. ValueError is "
                "raised in layer `bert`."
            ),
            "Give the Input the axes of one row of token ids",
            'ids = tf.keras.Input(shape=(20,), dtype="int32")',
        ),
    ),
    "the batch size in two Inputs": (
        "input-layer-shape",
        cell(
            builds=[
                built(
                    symbolic("input_ids", (None, 4, 20), said="ids"),
                    symbolic("attention_mask", (None, 4, 20), said="mask"),
                    of=OF_BERT,
                    error=UNPACKED,
                )
            ]
        ),
        (
            "The Input `ids` has three axes, and `bert` takes (batch, seq)",
            (
                "The Input `ids` has shape (None, 4, 20), batch axis included, where `bert` takes (batch, seq) as "
                "input_ids: axis 1, of size 4, is one too many; Keras adds the batch axis, which is no part of "
                "`shape`. `mask` has three axes as well. ValueError is raised in layer `bert`."
            ),
            "Give the Input the axes of one row of token ids",
            'ids = tf.keras.Input(shape=(20,), dtype="int32")\nmask = tf.keras.Input(shape=(20,), dtype="int32")',
        ),
    ),
    "no sequence axis": (
        "input-layer-shape",
        cell(builds=[built(symbolic("input_ids", (None,), said="ids"), of=OF_BERT, error=UNPACKED)]),
        (
            "The Input `ids` has one axis, and `bert` takes (batch, seq)",
            (
                "The Input `ids` has shape (None,), batch axis included, where `bert` takes (batch, seq) as "
                "input_ids: the sequence axis is missing. ValueError is raised in layer `bert`."
            ),
            "Give the Input the axes of one row of token ids",
            'ids = tf.keras.Input(shape=(None,), dtype="int32")',
        ),
    ),
    "no axis of choices": (
        "input-layer-shape",
        cell(builds=[built(symbolic("input_ids", (None, 20), said="ids"), of=OF_CHOICES, error=UNPACKED)]),
        (
            "The Input `ids` has two axes, and `chooser` takes (batch, choices, seq)",
            (
                "The Input `ids` has shape (None, 20), batch axis included, where `chooser` takes (batch, choices, "
                "seq) as input_ids: the axis of the choices is missing. ValueError is raised in layer `bert`."
            ),
            "Give the Input the axes of one row of token ids",
            'ids = tf.keras.Input(shape=(None, 20), dtype="int32")',
        ),
    ),
    "built with a hidden axis, and fed tokens": (
        "input-layer-shape",
        cell(call([[2, 7, 3]], of=FED, error="forward")),
        (
            "The Input `input_ids` of `m` has three axes, and it is fed (batch, seq)",
            (
                "The Input `input_ids` of `m` has shape (None, 20, 8), with a hidden axis of size 8; `input_ids` has "
                "shape (batch=1, seq=3). ValueError is raised."
            ),
            "Give the Input the axes of one row of tokens",
            'input_ids = tf.keras.Input(shape=(20,), dtype="int32", name="input_ids")',
        ),
    ),
    "an Input left at float32": (
        "input-layer-dtype",
        cell(builds=[built(symbolic("input_ids", (None, 20), "float32", said="ids"), of=OF_BERT, error=LOOKED_UP)]),
        (
            "The Input `ids` is float32, and `bert` takes int32 or int64",
            (
                "The Input `ids` is float32 and goes into `bert` as input_ids; its embeddings look no other numbers "
                "up. TypeError is raised in layer `bert/embeddings`."
            ),
            "Say the dtype of token ids",
            'ids = tf.keras.Input((20,), dtype="int32")  # input_ids',
        ),
    ),
    "an Input of float16 that is cast back": (
        "input-layer-dtype",
        cell(builds=[built(symbolic("ids", (None, 20), "float16", role="input_ids"), of=OF_FUNCTIONAL)]),
        (
            "The Input `ids` is float16, which does not hold every token id",
            (
                "The Input `ids` is float16 and goes into `m` as ids; float16 holds whole numbers up to 2,048, and "
                "there are ids up to 30,521: others come out."
            ),
            "Say the dtype of token ids",
            'ids = tf.keras.Input((20,), dtype="int32")  # ids',
        ),
    ),
    "an Input of float32 that is cast back": (
        "input-layer-dtype",
        cell(builds=[built(symbolic("ids", (None, 20), "float32", role="input_ids"), of=OF_FUNCTIONAL)]),
        (
            "The Input `ids` is float32, and is cast back to whole numbers",
            (
                "The Input `ids` is float32 and goes into `m` as ids; float32 holds whole numbers up to 16,777,216, "
                "and ids go up to 30,521: none is lost."
            ),
            "Say the dtype of token ids",
            'ids = tf.keras.Input((20,), dtype="int32")  # ids',
        ),
    ),
    "a vector in an LSTM": (
        "pooled-output-as-sequence",
        cell(raised=raised("ValueError", VECTOR, owner=LSTM, callee="tf_keras.x")),
        (
            "`x` is one vector a text, and `LSTM` takes (batch, seq, hidden)",
            (
                "`x` has shape (batch, hidden=8): it has no sequence axis, and `LSTM` takes (batch, seq, hidden). It "
                "is `pooler_output` of the encoder. ValueError is raised."
            ),
            "Take the hidden states of all tokens",
            "x = output.last_hidden_state  # output: what the encoder gives; (batch, seq, hidden)",
        ),
    ),
    "a vector indexed as a sequence": (
        "pooled-output-as-sequence",
        cell(
            raised=raised(
                "InvalidArgumentError",
                having(VECTOR, shape=(4, 8), origin=having(HIDDEN, sliced=True)),
                callee="tensorflow.x",
                source="x[:, 0, :]",
                indexed=3,
            )
        ),
        (
            "`x` is one vector a text, and it is indexed as a sequence",
            (
                "`x` has shape (batch=4, hidden=8): it has no sequence axis, and `x[:, 0, :]` indexes 3 axes. It is "
                "made of `last_hidden_state` of the encoder. InvalidArgumentError is raised."
            ),
            "Take the hidden states of all tokens",
            "x = output.last_hidden_state  # output: what the encoder gives; (batch, seq, hidden)",
        ),
    ),
    "a vector weighed by a mask of tokens": (
        "pooled-output-as-sequence",
        cell(
            raised=raised(
                "InvalidArgumentError",
                having(VECTOR, shape=(4, 8)),
                value("weights", shape=(4, 20, 1), dtype="float32"),
                callee="tensorflow.x",
                source="x * weights",
            )
        ),
        (
            "`x` is one vector a text, and `weights` is of its tokens",
            (
                "`x` has shape (batch=4, hidden=8): it has no sequence axis, and `weights` has shape (4, 20, 1). It is "
                "`pooler_output` of the encoder. InvalidArgumentError is raised."
            ),
            "Take the hidden states of all tokens",
            "x = output.last_hidden_state  # output: what the encoder gives; (batch, seq, hidden)",
        ),
    ),
}
