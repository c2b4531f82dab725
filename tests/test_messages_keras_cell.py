"""The sentences for Keras 3 and KerasHub on a model's state, and on a whole cell, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

from cell_builder import cell, raised, tokenized, value
from facts_builder import (
    HUB_BERT,
    Messages,
    having,
    hub,
)
from keras_facts import ADAM, INSIDE, LOADED, OWN, STATE, TASK, VERSIONS, fed, trained

from bertmagic.facts.cell import Origin
from bertmagic.facts.training import HardwareFacts, HeadState, MemoryFacts

MESSAGES: Messages = {
    "training mode": (
        "training-mode-at-inference",
        having(
            fed(kind="call", of=dataclasses.replace(OWN, encoders=(dataclasses.replace(INSIDE, dropout=0.1),))),
            training=True,
        ),
        (
            "`net` is called in training mode, and dropout is on in what it predicts",
            (
                "`net` is called with `training=True`, and no gradient tape records it: dropout is on, at"
                " rates up to 0.1."
            ),
            "Predict in inference mode",
            ('net({"token_ids": token_ids, "padding_mask": padding_mask, "segment_ids": segment_ids}, training=False)'),
        ),
    ),
    "Adam's default": (
        "learning-rate-high",
        trained(),
        (
            "`net.fit` trains the pretrained encoder of `backbone` at a learning rate of 0.001",
            (
                "`net.optimizer` is Adam with a learning rate of 0.001, Adam's default, and it trains "
                "1,000 of the 1,000 parameters in the layers of `backbone`. They are pretrained: the "
                "weights of its layer normalizations are 0.41 … 0.98, and 1 throughout in a new encoder. "
                "BERT was fine-tuned at 2e-5 to 5e-5; each step here is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "net.optimizer.learning_rate = 2e-5",
        ),
    ),
    "Adam's default, a schedule": (
        "learning-rate-high",
        trained(optimizer=dataclasses.replace(ADAM, name="AdamW", schedule="PolynomialDecay")),
        (
            "`net.fit` trains the pretrained encoder of `backbone` at a learning rate of 0.001",
            (
                "`net.optimizer` is AdamW with a learning rate of 0.001, the highest of its "
                "PolynomialDecay, and it trains 1,000 of the 1,000 parameters in the layers of "
                "`backbone`. They are pretrained: the weights of its layer normalizations are 0.41 … "
                "0.98, and 1 throughout in a new encoder. BERT was fine-tuned at 2e-5 to 5e-5; each step "
                "here is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "net.compile(optimizer=keras.optimizers.AdamW(2e-5), loss=net.loss)",
        ),
    ),
    "an untrained head": (
        "head-untrained",
        trained("predict", heads=(HeadState("logits", (8, 2), "TruncatedNormal"),), optimizer=None),
        (
            "`net` predicts with a head that was not trained",
            (
                "The bias of `logits` is 0 throughout, and its weights are as TruncatedNormal draws them,"
                " while the encoder of `backbone` has trained weights: what comes out is what random "
                "weights make of its output."
            ),
            "Train the head before its predictions are used",
            "net.fit(inputs, labels)",
        ),
    ),
    "a pooler without gradients": (
        "pooler-unused",
        trained(encoders=(dataclasses.replace(STATE, pooler_reached=False),)),
        (
            "The pooler of `backbone` takes no part in the loss, which is harmless",
            (
                "The outputs of `net` depend on the last hidden state of `backbone` and not on its "
                "pooler, whose 72 parameters therefore get no gradient. Keras then warns that gradients "
                "do not exist for them: they stay as they are, and all others train."
            ),
            "Nothing needs to change; freezing the pooler silences Keras' warning",
            "backbone.pooled_dense.trainable = False  # then compile again",
        ),
    ),
    "a pooler without gradients, on JAX": (
        "pooler-unused",
        trained(
            of=hub("net", LOADED, "jax", type="Functional"),
            encoders=(dataclasses.replace(STATE, pooler_reached=False),),
        ),
        (
            "The pooler of `backbone` takes no part in the loss, which is harmless",
            (
                "The outputs of `net` depend on the last hidden state of `backbone` and not on its "
                "pooler, whose 72 parameters therefore get a gradient of 0 on JAX, of which nothing "
                "warns: they stay as they are but for a weight decay, and all others train."
            ),
            "Nothing needs to change; freezing the pooler saves the optimizer's memory for it",
            "backbone.pooled_dense.trainable = False  # then compile again",
        ),
    ),
    "a pooler without gradients, without a name": (
        "pooler-unused",
        trained(
            of=hub("net", dataclasses.replace(LOADED, said=None), "torch", type="Functional"),
            encoders=(dataclasses.replace(STATE, pooler_reached=False),),
        ),
        (
            "The pooler of `backbone` takes no part in the loss, which is harmless",
            (
                "The outputs of `net` depend on the last hidden state of `backbone` and not on its "
                "pooler, whose 72 parameters therefore get no gradient. Keras then warns that gradients "
                "do not exist for them: they stay as they are, and all others train."
            ),
            "Nothing needs to change; freezing the pooler silences Keras' warning",
            'net.get_layer("backbone").pooled_dense.trainable = False  # then compile again',
        ),
    ),
    "memory": (
        "memory-exceeds-device",
        having(
            trained(of=TASK, memory=MemoryFacts("GPU:0", 2**33, 2**33, 2**34)),
            hardware=HardwareFacts("JAX 0.8", memory={"GPU:0": (2**34, "the test")}),
        ),
        (
            "Training `classifier` needs more memory than GPU:0 has",
            (
                "The parameters of `classifier` take 8 GiB, their gradients 8 GiB and what Adam keeps for"
                " each weight 16 GiB: 32 GiB, where GPU:0 has 16 GiB. This is a lower bound: activations "
                "come on top."
            ),
            "Train fewer weights: frozen ones need neither gradients nor arrays of the optimizer",
            "classifier.backbone.trainable = False  # then compile again",
        ),
    ),
    "a GPU that JAX does not see": (
        "device-not-used",
        having(fed(), hardware=HardwareFacts("JAX 0.8.0", ("/dev/nvidia0",), "NVIDIA H100")),
        (
            "A GPU is there, and JAX 0.8.0 does not see it",
            (
                "`/dev/nvidia0` is there (NVIDIA H100) and may be opened, and JAX 0.8.0 lists no GPU: "
                "everything runs on the CPU."
            ),
            'Install JAX with its CUDA libraries: pip install "jax[cuda13]"',
            "jax.devices()  # the CPU alone now",
        ),
    ),
    "the dict of a backbone": (
        "output-object-as-tensor",
        cell(
            raised=raised(
                "ValueError",
                value("hidden", "dict", "python", fields=("sequence_output", "pooled_output")),
                callee="keras.src.layers.layer.Layer.__call__",
                callee_said="keras.layers.Dropout(0.1)",
                owner=value(None, "keras.Dropout", "keras", part="layer", place="self"),
                source="keras.layers.Dropout(0.1)(hidden)",
            )
        ),
        (
            "`hidden` is a model's dict of outputs, and it is used as a tensor",
            (
                "`hidden` is a dict, what a KerasHub backbone gives, and holds `sequence_output` and "
                "`pooled_output`; a tensor is taken in `keras.layers.Dropout(0.1)(hidden)`. ValueError is"
                " raised."
            ),
            "Take the tensor out of it by its name",
            'hidden["pooled_output"]',
        ),
    ),
    "the dict of a backbone in a sequence layer": (
        "output-object-as-tensor",
        cell(
            raised=raised(
                "ValueError",
                value("hidden", "dict", "python", fields=("sequence_output", "pooled_output")),
                callee="keras.src.layers.layer.Layer.__call__",
                owner=value(None, "keras.LSTM", "keras", part="layer", place="self", takes_rank=3),
                source="keras.layers.LSTM(8)(hidden)",
            )
        ),
        (
            "`hidden` is a model's dict of outputs, and it is used as a tensor",
            (
                "`hidden` is a dict, what a KerasHub backbone gives, and holds `sequence_output` and "
                "`pooled_output`; a tensor is taken in `keras.layers.LSTM(8)(hidden)`. ValueError is "
                "raised."
            ),
            "Take the tensor out of it by its name",
            'hidden["sequence_output"]',
        ),
    ),
    "a key of the dict": (
        "output-object-as-tensor",
        cell(
            raised=raised(
                "AttributeError",
                value("states", "str", "python", text="'sequence_output'"),
                missing="shape",
                missing_in="str",
            )
        ),
        (
            "`states` is a key of a model's dict of outputs, and it is used as a tensor",
            (
                "`states` is the string 'sequence_output', a key of a dict: unpacked or looped over, a "
                "dict gives its keys. AttributeError is raised."
            ),
            "Take the tensor by its name",
            'states = output["sequence_output"]  # output: what the backbone gives',
        ),
    ),
    "one vector for a sequence layer": (
        "pooled-output-as-sequence",
        cell(
            fed(),
            raised=raised(
                "ValueError",
                value(
                    "pooled",
                    "keras.KerasTensor",
                    "keras",
                    shape=(None, 8),
                    dtype="float32",
                    is_symbolic=True,
                    origin=Origin("backbone", HUB_BERT, "pooled_output"),
                ),
                callee="keras.src.layers.layer.Layer.__call__",
                owner=value(None, "keras.LSTM", "keras", part="layer", place="self", takes_rank=3),
            ),
        ),
        (
            "`pooled` is one vector a text, and `LSTM` takes (batch, seq, hidden)",
            (
                "`pooled` has shape (batch, hidden=8): it has no sequence axis, and `LSTM` takes (batch, "
                "seq, hidden). It is `pooled_output` of the encoder. ValueError is raised."
            ),
            "Take the hidden states of all tokens",
            ('pooled = output["sequence_output"]  # output: what the encoder gives; (batch, seq, hidden)'),
        ),
    ),
    "an optimizer of Keras 2": (
        "keras-version-conflict",
        cell(
            fed(),
            raised=raised(
                "ValueError",
                value(None, "tf_keras.Adam", "tf-keras", part="optimizer", place="optimizer"),
                owner=value("backbone", "keras_hub.BertBackbone", "keras", part="model", place="self"),
            ),
            versions=VERSIONS,
        ),
        (
            "The `tf_keras.Adam` is of Keras 2, and `backbone` is of Keras 3",
            (
                "The `tf_keras.Adam` is an optimizer of Keras 2 (tf_keras 2.21.0); `backbone` is of Keras"
                " 3 (keras 3.15.1), which takes none of the other's objects. ValueError is raised."
            ),
            "Take all of Keras from Keras 3, as KerasHub's models do",
            "import keras  # in place of tf_keras; its layers, optimizers and Model too",
        ),
    ),
    "a layer of Keras 2 in a model": (
        "keras-version-conflict",
        having(
            cell(
                raised=raised(
                    "ValueError",
                    value("head", "tf_keras.Dense", "tf-keras", part="layer"),
                    owner=value("net", "keras.Sequential", "keras", part="model", place="self"),
                ),
                versions=VERSIONS,
            ),
            tf_keras_is="tf-keras",
        ),
        (
            "`head` is of Keras 2, and `net` is of Keras 3",
            (
                "`head` is a layer of Keras 2 (tf_keras 2.21.0); `net` is of Keras 3 (keras 3.15.1), "
                "which takes none of the other's objects. ValueError is raised."
            ),
            "Take all of Keras from Keras 3, as KerasHub's models do",
            (
                "import keras  # in place of tf_keras; its layers, optimizers and Model too\n"
                "# and keras in place of tf.keras, which is Keras 2 here: TF_USE_LEGACY_KERAS is set"
            ),
        ),
    ),
    "an optimizer of PyTorch": (
        "framework-mismatch",
        cell(
            raised=raised(
                "ValueError",
                value("optimizer", "torch.AdamW", "torch", place="optimizer"),
                owner=value("net", "keras.Functional", "keras", part="model", place="self"),
            ),
            versions=VERSIONS,
        ),
        (
            "`optimizer` is of PyTorch, and `net` is of Keras",
            (
                "`optimizer` is a torch.AdamW of PyTorch; `net` is of Keras, which takes its own layers, "
                "losses and optimizers, whatever computes them. ValueError is raised."
            ),
            "Give Keras' own",
            "keras.optimizers.Adam(2e-5)  # for Keras' own, by its name",
        ),
    ),
    "a module of PyTorch": (
        "framework-mismatch",
        cell(
            raised=raised(
                "ValueError",
                value(None, "torch.Linear", "torch", place="layers[1]"),
                owner=value("net", "keras.Sequential", "keras", part="model", place="self"),
            ),
            versions=VERSIONS,
        ),
        (
            "The `torch.Linear` is of PyTorch, and `net` is of Keras",
            (
                "The `torch.Linear` is a torch.Linear of PyTorch; `net` is of Keras, which takes its own "
                "layers, losses and optimizers, whatever computes them. ValueError is raised."
            ),
            "Give Keras' own",
            "import keras  # its layers, losses and optimizers in place of torch's",
        ),
    ),
    "tensors of a framework that is not there": (
        "framework-mismatch",
        cell(
            tokenizer_calls=[tokenized(return_tensors="pt", error=("ImportError", "torch"))],
            raised=raised("ImportError", text="torch"),
            versions={**VERSIONS, "transformers": "5.23.0"},
        ),
        (
            "`tokenizer` is asked for PyTorch's tensors, and PyTorch is not installed",
            (
                '`tokenizer` makes tensors of PyTorch (`return_tensors="pt"`), which is not installed. '
                "ImportError is raised."
            ),
            "Ask for NumPy's arrays",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
}
