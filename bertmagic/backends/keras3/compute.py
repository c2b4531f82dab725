"""What computes Keras 3 (TensorFlow, JAX or PyTorch): its arrays, its devices, its gradients, its random numbers.

Only the module that Keras itself runs on is touched, and Keras has imported that one.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np

from bertmagic.facts.model import Compute


def name() -> Compute:
    """What Keras computes with: `tensorflow`, `jax` or `torch` (keras 3.15, `src/backend/config.py`)."""
    from keras.src.backend import config

    return cast(Compute, config.backend())


def as_numpy(leaf: Any) -> np.ndarray:
    """A leaf's values as an array, of whatever framework; lists of other lengths as an array of objects."""
    leaf = _plain(leaf)
    if hasattr(leaf, "detach"):
        leaf = leaf.detach().cpu()
        leaf = leaf.float() if str(leaf.dtype) == "torch.bfloat16" else leaf  # NumPy has no such type
    if hasattr(leaf, "numpy"):
        value = leaf.numpy()
        return value if isinstance(value, np.ndarray) else np.asarray(value)
    try:
        return np.asarray(leaf)
    except ValueError:
        return np.array(leaf, dtype=object)


def _plain(leaf: Any) -> Any:
    """The tensor that a Keras variable holds; others as they are."""
    variables = sys.modules.get("keras.src.backend.common.variables")
    return leaf.value if variables is not None and isinstance(leaf, variables.Variable) else leaf


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor with values, of any framework, or a NumPy array."""
    return isinstance(value, np.ndarray) or (
        hasattr(value, "shape") and hasattr(value, "dtype") and not is_symbolic(value)
    )


def is_symbolic(value: Any) -> bool:
    """Whether a tensor has no values: Keras' own symbolic ones, and those that a function is traced with."""
    kinds = {kind.__name__ for kind in type(value).__mro__}
    if kinds & {"KerasTensor", "SymbolicTensor", "Tracer", "FakeTensor"}:
        return True
    if "Tensor" in kinds and hasattr(value, "graph") and not hasattr(value, "numpy"):
        return True
    return str(getattr(value, "device", "")) == "meta"


def is_traced(value: Any) -> bool:
    """Whether a tensor stands for values in a function that is traced, and is none of Keras' own symbolic ones."""
    return not type(value).__name__.endswith("KerasTensor") and is_symbolic(value)


def is_tracing() -> bool:
    """Whether what is called now goes into a graph of TensorFlow's."""
    context = sys.modules.get("tensorflow.python.eager.context")
    return name() == "tensorflow" and context is not None and not context.context().executing_eagerly()


def as_tensor(value: np.ndarray, dtype: Any = None) -> Any:
    """The array as a tensor of what computes; strings and what it cannot take come back as they are."""
    from keras.src import ops

    if value.dtype.kind in "OUS":
        return value
    return ops.convert_to_tensor(value, dtype=dtype)


def records_gradients(training: bool | None) -> bool:
    """Whether gradients are recorded of what is run now.

    On TensorFlow a tape tells. On PyTorch they are recorded unless they are switched off, so that a call in training
    mode is taken for a training step's. What JAX differentiates it traces, and is not run at all.
    """
    if name() == "tensorflow":
        from tensorflow.python import pywrap_tfe
        from tensorflow.python.eager import record

        return bool(record.could_possibly_record() or pywrap_tfe.TFE_Py_TapeSetIsStopped())
    if name() == "torch":
        return training is True and bool(sys.modules["torch"].is_grad_enabled())
    return False


def unrecorded() -> AbstractContextManager[Any]:
    """No gradient is recorded of what is done inside."""
    if name() == "tensorflow":
        from tensorflow.python.eager import record  # TF 2.21: what `tf.GradientTape.stop_recording` uses

        return cast(AbstractContextManager[Any], record.stop_recording())
    if name() == "torch":
        return cast(AbstractContextManager[Any], sys.modules["torch"].no_grad())
    return contextlib.nullcontext()


@contextlib.contextmanager
def random_kept() -> Iterator[None]:
    """Python's, NumPy's, and the compute framework's own random numbers go on afterwards as before."""
    python, numpy_state = random.getstate(), np.random.get_state()
    restore = {"tensorflow": _keep_tensorflow, "torch": _keep_torch}.get(name(), lambda: lambda: None)()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)
        restore()


def _keep_torch() -> Any:
    torch = sys.modules["torch"]
    cpu = torch.random.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None

    def restore() -> None:
        torch.random.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    return restore


def _keep_tensorflow() -> Any:
    """TensorFlow's eager seeds (2.21, `python/eager/context.py`) and its global generator."""
    from tensorflow.python.eager import context
    from tensorflow.python.ops import stateful_random_ops

    eager = context.context()
    seed, rng = eager._seed, getattr(eager, "_rng", None)
    drawn = None if rng is None else rng.getstate()
    generator = stateful_random_ops.global_generator
    value = None if generator is None else generator.state.numpy()

    def restore() -> None:
        eager._seed = seed
        if drawn is not None:
            eager._rng.setstate(drawn)
        if generator is not None:
            generator.state.assign(value)

    return restore
