"""Rules on the device: what it holds, and whether it is used."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import inside
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed

_GIB = 2**30


@rule("warning")
def memory_exceeds_device(call: CallFacts) -> Finding | None:
    """Parameters, gradients and optimizer slots alone exceed the device: a lower bound, called so.

    What it finds: `fit` of a model whose parameters, whose gradients (of trained weights, without embedding tables) and
    whose optimizer's own arrays together need more bytes than the device has. Activations are not counted.

    Why it is bad: training runs out of memory, at once or with the first batch; on a CPU the process is killed.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained("bert-large-uncased")
        model.compile(optimizer=tf.keras.optimizers.Adam(2e-5))   # two arrays for each weight

    Right:

        model = TFBertForSequenceClassification.from_pretrained("bert-large-uncased")
        model.bert.trainable = False                              # frozen weights need neither gradients nor arrays
        model.compile(optimizer=tf.keras.optimizers.Adam(1e-3))
    """
    state, hardware = call.state, call.hardware
    if call.kind != "fit" or state is None or state.memory is None or hardware is None or state.own_step:
        return None
    memory = state.memory
    there = hardware.memory.get(memory.device)
    if there is None or memory.total <= there[0]:
        return None
    optimizer = state.optimizer.name if state.optimizer is not None else "the optimizer"
    said = call.model.said
    parts = {"parameters": memory.parameters, "gradients": memory.gradients, "slots": memory.slots}
    return Finding(
        "memory-exceeds-device",
        "warning",
        memory.device,
        f"Training `{said}` needs more memory than {memory.device} has",
        f"The parameters of `{said}` take {_gib(memory.parameters)}, their gradients {_gib(memory.gradients)} and what "
        f"{optimizer} keeps for each weight {_gib(memory.slots)}: {_gib(memory.total)}, where {memory.device} has "
        f"{_gib(there[0])}. This is a lower bound: activations come on top.",
        {**parts, "lower bound": memory.total, "memory of the device": there[0], "source": there[1]},
        Fix("Train fewer weights: frozen ones need neither gradients nor arrays of the optimizer", _frozen(call)),
    )


def _frozen(call: CallFacts) -> str:
    """The encoder frozen."""
    if call.model.framework == "torch":
        encoder = next((inside(call.model, each) for each in call.model.encoders), call.model.said)
        return f"{encoder}.requires_grad_(False)  # before the optimizer is made"
    if call.model.framework == "keras" and call.model.speaks_hub and call.model.encoders:
        whole = f"{call.model.said}.backbone" if call.model.preprocesses is not None else None
        return f"{whole or inside(call.model, call.model.encoders[0])}.trainable = False  # then compile again"
    return f"{call.model.said}.layers[0].trainable = False  # then compile again"


def _gib(size: int) -> str:
    """Bytes as GiB to three digits."""
    return f"{size / _GIB:.3g} GiB"


# By the framework's name: what to install, and how to ask it for its GPUs (JAX's and PyTorch's installation guides).
_INSTALLING = {
    "TensorFlow": Fix(
        'Install TensorFlow with its CUDA libraries: pip install "tensorflow[and-cuda]"',
        'tf.config.list_physical_devices("GPU")  # [] now',
    ),
    "JAX": Fix('Install JAX with its CUDA libraries: pip install "jax[cuda13]"', "jax.devices()  # the CPU alone now"),
    "PyTorch": Fix("Install a build of PyTorch for CUDA", "torch.cuda.is_available()  # False now"),
}


@rule("advice")
def device_not_used(call: CallFacts) -> Finding | None:
    """A GPU is there and the framework does not see it.

    What it finds: device files of an NVIDIA GPU that this process may open, while the framework lists no GPU. A GPU
    that is hidden on purpose (`CUDA_VISIBLE_DEVICES` empty or -1) is left alone.

    Why it is bad: everything runs, on the CPU, many times slower. Most often the framework was installed without the
    CUDA libraries that it needs, or with those of another release.

    Wrong:

        pip install tensorflow

    Right:

        pip install "tensorflow[and-cuda]"
    """
    hardware = call.hardware
    if hardware is None or not hardware.nodes or hardware.seen or hardware.hidden is not None:
        return None
    product = f" ({hardware.product})" if hardware.product else ""
    noun = "is" if len(hardware.nodes) == 1 else "are"
    return Finding(
        "device-not-used",
        "advice",
        hardware.nodes[0],
        f"A GPU is there, and {hardware.framework} does not see it",
        f"{listed([f'`{node}`' for node in hardware.nodes])} {noun} there{product} and may be opened, and "
        f"{hardware.framework} lists no GPU: everything runs on the CPU.",
        {"device files": list(hardware.nodes), "product": hardware.product, "GPUs listed": hardware.seen},
        _INSTALLING.get(hardware.framework.partition(" ")[0], _INSTALLING["TensorFlow"]),
    )
