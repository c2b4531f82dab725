"""What rules write for the library at hand: code by a model's framework, or by a tensor's own kind, and its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.facts.loss import LossKind
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.facts.training import OptimizerFacts

Family: TypeAlias = Literal["tensorflow", "torch", "jax", "list", "numpy"]

# KerasHub's names of what transformers calls otherwise (keras_hub 0.32, `models/bert/bert_backbone.py`).
HUB: Mapping[Role, str] = {
    "input_ids": "token_ids",
    "attention_mask": "padding_mask",
    "token_type_ids": "segment_ids",
}
_FAMILIES: dict[str, Family] = {
    "tf": "tensorflow",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "list": "list",
    "tuple": "list",
}
# Keras' classes of losses, and PyTorch's that compare the same (torch 2.13, `nn/modules/loss.py`).
_KERAS_LOSSES: dict[LossKind, str] = {
    "sparse": "SparseCategoricalCrossentropy",
    "categorical": "CategoricalCrossentropy",
    "binary": "BinaryCrossentropy",
    "regression": "MeanSquaredError",
}
_TORCH_LOSSES: dict[LossKind, str] = {
    "sparse": "CrossEntropyLoss",
    "categorical": "CrossEntropyLoss",
    "binary": "BCEWithLogitsLoss",
    "regression": "MSELoss",
}
_TORCH_DTYPES = {"int32": "long", "int64": "long", "float32": "float", "bool": "bool"}


def family(tensor: TensorFacts) -> Family:
    """The library that a tensor of the user's is of."""
    return _FAMILIES.get(tensor.kind.partition(".")[0], "numpy")


# Expressions on a tensor of the user's, in the way of the library that it comes from.


def cast(tensor: TensorFacts, dtype: str = "int32") -> str:
    """The tensor as another dtype; PyTorch's whole numbers are of 64 bits."""
    name, kind = tensor.called, family(tensor)
    if kind == "tensorflow":
        return f"tf.cast({name}, tf.{dtype})"
    if kind == "torch":
        return f"{name}.{_torch_cast(dtype)}"
    return f'{name}.astype("{dtype}")' if kind == "jax" else f'np.asarray({name}).astype("{dtype}")'


def not_equal(ids: TensorFacts, pad_id: int | None, dtype: str = "int32") -> str:
    """`(ids != 0).astype("int32")`, in the way of the library that `ids` comes from."""
    kind = family(ids)
    if kind == "tensorflow":
        return f"tf.cast({ids.called} != {pad_id}, tf.{dtype})"
    if kind == "list":
        return f'np.not_equal({ids.called}, {pad_id}).astype("{dtype}")'
    if kind == "torch":
        return f"({ids.called} != {pad_id}).{_torch_cast(dtype)}"
    return f'({ids.called} != {pad_id}).astype("{dtype}")'


def replaced(tensor: TensorFacts, where: str, new: object) -> str:
    """The tensor with `new` where `where`, an expression of its own shape, holds."""
    if family(tensor) == "torch":
        return f"{tensor.called}.masked_fill({where}, {new})"
    return f"np.where({where}, {new}, {tensor.called})"


def ones_like(tensor: TensorFacts) -> str:
    """A tensor of ones in the shape of another."""
    if family(tensor) == "torch":
        return f"torch.ones_like({tensor.called})"
    return f'np.ones({tensor.called}.shape, "int32")'


def zeros_like(tensor: TensorFacts) -> str:
    """A tensor of zeros in the shape of another."""
    kind = family(tensor)
    return f"{ {'torch': 'torch', 'tensorflow': 'tf'}.get(kind, 'np') }.zeros_like({tensor.called})"


def reshaped(tensor: TensorFacts, shape: tuple[int, ...] | str) -> str:
    """The tensor in another shape."""
    if family(tensor) == "torch":
        return f"{tensor.called}.reshape({shape})"
    return f"np.reshape({tensor.called}, {shape})"


def clipped(tensor: TensorFacts, low: int, high: int) -> str:
    """The tensor with its values kept within two bounds."""
    if family(tensor) == "torch":
        return f"{tensor.called}.clamp({low}, {high})"
    return f"np.clip({tensor.called}, {low}, {high})"


def argmax(tensor: TensorFacts) -> str:
    """The index of the highest value along the last axis."""
    return f"{tensor.called}.argmax(dim=-1)" if family(tensor) == "torch" else f"np.argmax({tensor.called}, axis=-1)"


def is_finite(tensor: TensorFacts) -> str:
    """Where the tensor is finite."""
    return f"{'torch' if family(tensor) == 'torch' else 'np'}.isfinite({tensor.called})"


def array_of(model: ModelFacts, expression: str) -> str:
    """What is to be written to make an array or tensor of a list, for a model of that framework."""
    return f"torch.tensor({expression})" if model.framework == "torch" else f"np.array({expression})"


def _torch_cast(dtype: str) -> str:
    return f"{_TORCH_DTYPES[dtype]}()" if dtype in _TORCH_DTYPES else f"to(torch.{dtype})"


# What a tokenizer is asked for.


def tensors_for(call: CallFacts) -> str:
    """The `return_tensors` for what is given to a model: NumPy's go to Keras' `fit`, and anywhere in Keras 3."""
    if call.model.framework == "torch":
        return "pt"
    return "tf" if call.model.framework == "tf-keras" and call.kind == "call" else "np"


def tensors_like(model: ModelFacts, tensor: TensorFacts) -> str:
    """The `return_tensors` that gives tensors as the user has them, for a model of that framework.

    transformers 5 makes none of TensorFlow (5.23, `utils/generic.py`, `TensorType`); Keras 3 takes NumPy's.
    """
    if model.framework == "torch":
        return "pt"
    return "tf" if model.framework == "tf-keras" and family(tensor) == "tensorflow" else "np"


def tokenizer_name(call: CallFacts) -> str:
    """The tokenizer's name in the cell, or the usual one."""
    return (call.tokenizer.said if call.tokenizer is not None else None) or "tokenizer"


def tokenizer_of(made: TokenizerCallFacts) -> str:
    """The name in the cell of the tokenizer that was called, or the usual one of its kind."""
    return made.tokenizer.said or ("preprocessor" if made.tokenizer.holds else "tokenizer")


def packed(made: TokenizerCallFacts, texts: str) -> str:
    """The lines that give the rows of a KerasHub tokenizer one length, between the special tokens."""
    name = tokenizer_of(made)
    ids = ", ".join(f"{each}={name}.{kind}_token_id" for each, kind in _PACKED)
    packer = f"packer = keras_hub.layers.StartEndPacker(\n    sequence_length=128,\n    {ids},\n)"
    return f"{packer}\nids = packer({name}({texts}))"


_PACKED = (("start_value", "start"), ("end_value", "end"), ("pad_value", "pad"))


def by_preprocessor(call: CallFacts) -> str | None:
    """The KerasHub preprocessor that is to make tokens for the model, as an expression; None where none is meant."""
    model, tokenizer = call.model, call.tokenizer
    if not model.speaks_hub:
        return None
    if model.preprocesses is not None:
        return f"{model.said}.preprocessor"
    if tokenizer is not None and tokenizer.said and "Preprocessor" in tokenizer.type:
        return tokenizer.said
    # A tokenizer of transformers, whose arrays were given KerasHub's names.
    return None if tokenizer is not None and tokenizer.type.endswith("Fast") else "preprocessor"


def tokenized(
    call: CallFacts,
    tensors: str,
    texts: str = "texts",
    *,
    most: int | None = None,
    padding: str = "True",
    said: str = "enc",
) -> str:
    """The line that makes a batch of texts: by a tokenizer, or by a KerasHub preprocessor, which pads to one length."""
    preprocessor = by_preprocessor(call)
    if preprocessor is not None:
        length = f"{preprocessor}.sequence_length = {most}\n" if most is not None else ""
        return f"{length}{said} = {preprocessor}({texts})"
    longest = f", max_length={most}" if most is not None else ""
    settings = f'padding={padding}, truncation=True{longest}, return_tensors="{tensors}"'
    return f"{said} = {tokenizer_name(call)}({texts}, {settings})"


# Code of a model.


def keras(model: ModelFacts) -> str:
    """What Keras goes by in code: `tf.keras` where transformers' TF models are used, else `keras`."""
    return "keras" if model.framework == "keras" else "tf.keras"


def input_layer(model: ModelFacts, shape: str, dtype: str = "int32", name: str | None = None) -> str:
    """An `Input` of a functional model."""
    named = f', name="{name}"' if name is not None else ""
    return f'{keras(model)}.Input({shape}, dtype="{dtype}"{named})'


def dense(model: ModelFacts, units: int, inputs: int | None = None) -> str:
    """A head of so many outputs; PyTorch's takes the number of its inputs too, the hidden size where none is given."""
    if model.framework != "torch":
        return f"{keras(model)}.layers.Dense({units})"
    known = model.sizes.get("hidden") or next((each.hidden for each in model.encoders if each.hidden), None)
    return f"torch.nn.Linear({inputs or known or 'hidden_size'}, {units})"


def states(model: ModelFacts) -> str:
    """The name of the hidden states of all tokens among an encoder's outputs."""
    return "sequence_output" if model.speaks_hub else "last_hidden_state"


def loss(model: ModelFacts, kind: LossKind, *, from_logits: bool = False, ignored: int | None = None) -> str:
    """A loss of that kind; PyTorch's take logits always."""
    if model.framework == "torch":
        return f"torch.nn.{_TORCH_LOSSES[kind]}({f'ignore_index={ignored}' if ignored is not None else ''})"
    settings = ["from_logits=True"] if from_logits else []
    settings += [f"ignore_class={ignored}"] if ignored is not None else []
    return f"{keras(model)}.losses.{_KERAS_LOSSES[kind]}({', '.join(settings)})"


def with_loss(model: ModelFacts, code: str) -> str:
    """The model with another loss: compiled again, or the loss of a training loop."""
    if model.framework == "torch":
        return f"loss_function = {code}"
    return f"{model.said}.compile(optimizer={model.said}.optimizer, loss={code})"


def at_rate(model: ModelFacts, optimizer: OptimizerFacts, rate: str = "2e-5") -> str:
    """The optimizer at another learning rate: set where it can be, else made anew, and compiled again or named."""
    said = model.said
    if model.framework == "torch":
        name = optimizer.name if optimizer.name in ("Adam", "AdamW", "NAdam", "RAdam") else "AdamW"
        named = optimizer.said if optimizer.said is not None and optimizer.said != optimizer.name else "optimizer"
        return f"{named} = torch.optim.{name}({said}.parameters(), lr={rate})"
    public = optimizer.name if optimizer.name in ("AdamW", "Nadam") else "Adam"
    made = f"{keras(model)}.optimizers.{public}({rate})"
    whose = f"{said}.optimizer" if optimizer.said is None else optimizer.said
    nameless = optimizer.said == optimizer.name
    if optimizer.said is not None and (optimizer.schedule or nameless):
        return f"{'optimizer' if nameless else whose} = {made}"
    if optimizer.schedule:
        return f"{said}.compile(optimizer={made}, loss={said}.loss)"
    return f"{whose}.learning_rate = {rate}"


def masked_mean(model: ModelFacts, mask: str) -> str:
    """The mean of `hidden` (batch, seq, hidden) over the tokens of a mask, in two lines."""
    if model.framework == "torch":
        return (
            f"weight = {mask}.unsqueeze(-1).to(hidden.dtype)\npooled = (hidden * weight).sum(dim=1) / weight.sum(dim=1)"
        )
    ops, total = ("keras.ops", "sum") if model.framework == "keras" else ("tf", "reduce_sum")
    return (
        f"weight = {ops}.cast({mask}, hidden.dtype)[:, :, None]\n"
        f"pooled = {ops}.{total}(hidden * weight, axis=1) / {ops}.{total}(weight, axis=1)"
    )


def masked_maximum(model: ModelFacts, mask: str) -> str:
    """The maximum of `hidden` (batch, seq, hidden) over the tokens of a mask."""
    if model.framework == "torch":
        lowest = "torch.finfo(hidden.dtype).min"
        return f"pooled = hidden.masked_fill({mask}.unsqueeze(-1) == 0, {lowest}).amax(dim=1)"
    if model.framework == "keras":
        kept = f'keras.ops.cast({mask}, "bool")[:, :, None]'
        return f"pooled = keras.ops.max(keras.ops.where({kept}, hidden, -1e9), axis=1)"
    kept = f"tf.cast({mask}, tf.bool)[:, :, None]"
    return f"pooled = tf.reduce_max(tf.where({kept}, hidden, hidden.dtype.min), axis=1)"


def called(model: ModelFacts, given: Mapping[str, str]) -> str:
    """A call of the model with these inputs, by name: KerasHub's and functional models of Keras 3 take one dict."""
    if model.framework == "keras" and model.is_of_inputs:
        return f"{model.said}({by_name(given)})"
    return f"{model.said}({', '.join(f'{name}={code}' for name, code in given.items())})"


def by_name(tensors: Mapping[str, str]) -> str:
    """A dict display of expressions by input name."""
    return "{" + ", ".join(f'"{name}": {code}' for name, code in tensors.items()) + "}"


def inside(model: ModelFacts, encoder: EncoderFacts) -> str:
    """The encoder as an expression: the cell's own name, else an attribute of the model (PyTorch's paths are such)."""
    if encoder.said is not None:
        return encoder.said
    if model.framework == "torch":
        return ".".join([model.said, *filter(None, encoder.path.replace("/", ".").split("."))])
    if model.framework == "keras" and encoder.path:
        parts = "".join(f'.get_layer("{part}")' for part in encoder.path.split("/"))
        return f"{model.said}{parts}"
    return model.said


# Sentences about what the library does.


def out_of_range(model: ModelFacts, found: Sequence[int], rows: int, what: str = "id") -> str:
    """What a lookup makes of an index without a row, as a sentence after a blank; by what computes it.

    Keras 3 adds the number of rows to a negative index first (3.15.1, `ops.take` on each backend); NaN is what
    `jax.numpy.take` fills in (jax's `mode="fill"`).
    """
    such = f"such {'an' if what[0] in 'aeiou' else 'a'} {what}"
    wrapped = [each for each in found if -rows <= each < 0] if model.framework == "keras" else []
    said = ""
    if wrapped:
        last = f"{wrapped[-1]} is row {rows + wrapped[-1]}"
        said = f" Keras counts a negative {what} from the last row, without an error: {last}."
        if len(wrapped) == len(found):
            return said
        such = f"any other {what} without a row"
    if model.compute == "torch":
        return (
            f"{said} PyTorch raises IndexError for {such} on a CPU; on a GPU a device assert ends the CUDA context, "
            "and nothing runs there until the kernel is restarted."
        )
    if model.compute == "jax":
        return f"{said} JAX gives NaN for {such}, without an error."
    return f"{said} TensorFlow raises for {such} on a CPU, and reads zeros for it on a GPU without an error."


def names_of(model: ModelFacts) -> str:
    """Whose names for inputs the model goes by."""
    return "KerasHub's" if model.speaks_hub else "transformers'"


def dry_verb(model: ModelFacts) -> str:
    """What a training run is called."""
    return "Trainer.train" if model.framework == "torch" else "fit"


def data_handling(model: ModelFacts) -> str:
    """Whose code makes batches of what is given to training, as the beginning of a sentence."""
    return "PyTorch's data handling" if model.framework == "torch" else "Keras' data handling"
