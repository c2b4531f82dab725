"""The sentences of the rules on the model's state, the optimizer and the device, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

from facts_builder import BERT, LOSSES, Messages, batch, call, model

from bertmagic.facts.call import CallFacts
from bertmagic.facts.training import (
    EncoderState,
    HardwareFacts,
    HeadState,
    MemoryFacts,
    OptimizerFacts,
    StateFacts,
)

FULL = batch([6, 6, 6])
GIB = 2**30
LOADED = dataclasses.replace(BERT, path="tf_bert_model/bert", pretrained="bert-base-uncased", said="bert")
NET = model(LOADED, said="net", type="Functional")
ADAM = OptimizerFacts("Adam", adam=True, rate=0.0010000000474974513, slots=2)
TRAINED = EncoderState(
    "tf_bert_model/bert", True, 85_054_464, 85_054_464, 590_592, (0.41, 0.98765), reached=True, pooler_reached=True
)
HEAD = HeadState("dense", (768, 2), "GlorotUniform")


def in_state(kind: Any = "fit", of: Any = NET, hardware: HardwareFacts | None = None, **state: Any) -> CallFacts:
    """A call of a model that was loaded from a checkpoint, with this state."""
    settings = {"encoders": (TRAINED,), "optimizer": ADAM, **state}
    facts = call(FULL, kind=kind, of=of, encoder=LOADED)
    return dataclasses.replace(facts, state=StateFacts(**settings), hardware=hardware)


def machine(**facts: Any) -> HardwareFacts:
    return HardwareFacts("TensorFlow 2.21.0", **facts)


def remembering(memory: MemoryFacts, there: int, **state: Any) -> CallFacts:
    """`fit` with this memory, on a device of `there` bytes."""
    return in_state(memory=memory, hardware=machine(memory={memory.device: (there, "the test")}), **state)


BASE = 437_928_960  # BERT-base's parameters in float32
LOW = MemoryFacts("GPU:0", BASE, BASE - 95_000_000, 2 * BASE)

# All labels of the first batch are 1.
ONES = dataclasses.replace(
    call(FULL, of=model(type="TFBertForSequenceClassification", said="nli"), labels=[1, 1, 1], outputs=(3, 1)),
    loss=dataclasses.replace(LOSSES["internal"], value=0.7),
    state=StateFacts(label_span=(0.0, 1.0)),
)

MESSAGES: Messages = {
    "adam's default": (
        "learning-rate-high",
        in_state(),
        (
            "`net.fit` trains the pretrained encoder of `bert` at a learning rate of 0.001",
            (
                "`net.optimizer` is Adam with a learning rate of 0.001, Adam's default, and it trains 85,054,464 of "
                "the 85,054,464 parameters in the layers of `bert`. They are pretrained: the weights of its layer "
                "normalizations are 0.41 … 0.9877, and 1 throughout in a new encoder. BERT was fine-tuned at 2e-5 to "
                "5e-5; each step here is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "net.optimizer.learning_rate = 2e-5",
        ),
    ),
    "a schedule": (
        "learning-rate-high",
        in_state(
            optimizer=OptimizerFacts("AdamWeightDecay", True, 3e-3, "WarmUp", slots=2),
            encoders=(dataclasses.replace(TRAINED, trainable=60_000_000),),
        ),
        (
            "`net.fit` trains the pretrained encoder of `bert` at a learning rate of 0.003",
            (
                "`net.optimizer` is AdamWeightDecay with a learning rate of 0.003, the highest of its WarmUp, and it "
                "trains 60,000,000 of the 85,054,464 parameters in the layers of `bert`. They are pretrained: the "
                "weights of its layer normalizations are 0.41 … 0.9877, and 1 throughout in a new encoder. BERT was "
                "fine-tuned at 2e-5 to 5e-5; each step here is 60 to 150 times as long."
            ),
            "Train at a rate for fine-tuning",
            "net.compile(optimizer=tf.keras.optimizers.Adam(2e-5), loss=net.loss)",
        ),
    ),
    "a rate of one's own": (
        "learning-rate-high",
        in_state(optimizer=OptimizerFacts("AdamW", True, 0.01, slots=2)),
        (
            "`net.fit` trains the pretrained encoder of `bert` at a learning rate of 0.01",
            (
                "`net.optimizer` is AdamW with a learning rate of 0.01, and it trains 85,054,464 of the 85,054,464 "
                "parameters in the layers of `bert`. They are pretrained: the weights of its layer normalizations are "
                "0.41 … 0.9877, and 1 throughout in a new encoder. BERT was fine-tuned at 2e-5 to 5e-5; each step here "
                "is 200 to 500 times as long."
            ),
            "Train at a rate for fine-tuning",
            "net.optimizer.learning_rate = 2e-5",
        ),
    ),
    "adam's default in a loop": (
        "learning-rate-high",
        in_state("call", optimizer=dataclasses.replace(ADAM, said="optimizer"), for_training=True),
        (
            "`optimizer` trains the pretrained encoder of `bert` at a learning rate of 0.001",
            (
                "`optimizer` is Adam with a learning rate of 0.001, Adam's default, and it trains 85,054,464 of the "
                "85,054,464 parameters in the layers of `bert`. They are pretrained: the weights of its layer "
                "normalizations are 0.41 … 0.9877, and 1 throughout in a new encoder. BERT was fine-tuned at 2e-5 to "
                "5e-5; each step here is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "optimizer.learning_rate = 2e-5",
        ),
    ),
    "a schedule in a loop": (
        "learning-rate-high",
        in_state("call", optimizer=OptimizerFacts("AdamW", True, 3e-3, "CosineDecay", slots=2, said="steps")),
        (
            "`steps` trains the pretrained encoder of `bert` at a learning rate of 0.003",
            (
                "`steps` is AdamW with a learning rate of 0.003, the highest of its CosineDecay, and it trains "
                "85,054,464 of the 85,054,464 parameters in the layers of `bert`. They are pretrained: the weights of "
                "its layer normalizations are 0.41 … 0.9877, and 1 throughout in a new encoder. BERT was fine-tuned at "
                "2e-5 to 5e-5; each step here is 60 to 150 times as long."
            ),
            "Train at a rate for fine-tuning",
            "steps = tf.keras.optimizers.AdamW(2e-5)",
        ),
    ),
    "an optimizer without a name in a loop": (
        "learning-rate-high",
        in_state("call", optimizer=dataclasses.replace(ADAM, said="Adam")),
        (
            "`Adam` trains the pretrained encoder of `bert` at a learning rate of 0.001",
            (
                "Adam has a learning rate of 0.001, Adam's default, and it trains 85,054,464 of the 85,054,464 "
                "parameters in the layers of `bert`. They are pretrained: the weights of its layer normalizations are "
                "0.41 … 0.9877, and 1 throughout in a new encoder. BERT was fine-tuned at 2e-5 to 5e-5; each step here "
                "is 20 to 50 times as long."
            ),
            "Train at a rate for fine-tuning",
            "optimizer = tf.keras.optimizers.Adam(2e-5)",
        ),
    ),
    "a new head": (
        "head-untrained",
        in_state("predict", heads=(HEAD,)),
        (
            "`net` predicts with a head that was not trained",
            (
                "The bias of `dense` is 0 throughout, and its weights are as GlorotUniform draws them, while the "
                "encoder of `bert` has trained weights: what comes out is what random weights make of its output."
            ),
            "Train the head before its predictions are used",
            "net.fit(inputs, labels)",
        ),
    ),
    "two new layers": (
        "head-untrained",
        in_state("call", heads=(HEAD, dataclasses.replace(HEAD, path="out"))),
        (
            "`net` predicts with a head that was not trained",
            (
                "The biases of `dense` and `out` are 0 throughout, and their weights are as GlorotUniform draws them, "
                "while the encoder of `bert` has trained weights: what comes out is what random weights make of its "
                "output."
            ),
            "Train the head before its predictions are used",
            "net.fit(inputs, labels)",
        ),
    ),
    "two layers, drawn in two ways": (
        "head-untrained",
        in_state("evaluate", heads=(HEAD, HeadState("out", (768, 2), "TruncatedNormal"))),
        (
            "`net` predicts with a head that was not trained",
            (
                "The biases of `dense` and `out` are 0 throughout, and their weights are as their initializers draw "
                "them, while the encoder of `bert` has trained weights: what comes out is what random weights make of "
                "its output."
            ),
            "Train the head before its predictions are used",
            "net.fit(inputs, labels)",
        ),
    ),
    "the pooler": (
        "pooler-unused",
        in_state(encoders=(dataclasses.replace(TRAINED, pooler_reached=False),), optimizer=None),
        (
            "The pooler of `bert` takes no part in the loss, which is harmless",
            (
                "The outputs of `net` depend on the last hidden state of `bert` and not on its pooler, whose 590,592 "
                "parameters therefore get no gradient. Keras then warns that gradients do not exist for them: they "
                "stay as they are, and all others train."
            ),
            "Nothing needs to change; freezing the pooler silences Keras' warning",
            'next(part for part in net.submodules if part.name == "pooler").trainable = False',
        ),
    ),
    "too little memory": (
        "memory-exceeds-device",
        remembering(LOW, GIB),
        (
            "Training `net` needs more memory than GPU:0 has",
            (
                "The parameters of `net` take 0.408 GiB, their gradients 0.319 GiB and what Adam keeps for each weight "
                "0.816 GiB: 1.54 GiB, where GPU:0 has 1 GiB. This is a lower bound: activations come on top."
            ),
            "Train fewer weights: frozen ones need neither gradients nor arrays of the optimizer",
            "net.layers[0].trainable = False  # then compile again",
        ),
    ),
    "a GPU that is not seen": (
        "device-not-used",
        in_state(hardware=machine(nodes=("/dev/nvidia0",), product="NVIDIA T4")),
        (
            "A GPU is there, and TensorFlow 2.21.0 does not see it",
            (
                "`/dev/nvidia0` is there (NVIDIA T4) and may be opened, and TensorFlow 2.21.0 lists no GPU: everything "
                "runs on the CPU."
            ),
            'Install TensorFlow with its CUDA libraries: pip install "tensorflow[and-cuda]"',
            'tf.config.list_physical_devices("GPU")  # [] now',
        ),
    ),
    "two GPUs that are not seen": (
        "device-not-used",
        in_state("predict", hardware=machine(nodes=("/dev/nvidia0", "/dev/nvidia1"))),
        (
            "A GPU is there, and TensorFlow 2.21.0 does not see it",
            (
                "`/dev/nvidia0` and `/dev/nvidia1` are there and may be opened, and TensorFlow 2.21.0 lists no GPU: "
                "everything runs on the CPU."
            ),
            'Install TensorFlow with its CUDA libraries: pip install "tensorflow[and-cuda]"',
            'tf.config.list_physical_devices("GPU")  # [] now',
        ),
    ),
    "classes of which the first batch shows one": (
        "regression-head-for-classes",
        ONES,
        (
            "`nli` has one output, and `labels` holds classes",
            (
                "`labels` holds the integers 0 and 1 in the whole of the training data, and `logits` has 1 output: the "
                "model's own loss is then the squared error of a regression."
            ),
            "Give the model one output for each class",
            "nli.config.num_labels  # 1 now, 2 is needed when the model is made",
        ),
    ),
}
