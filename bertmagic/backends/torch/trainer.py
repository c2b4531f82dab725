"""transformers' `Trainer` (5.23): the first batch that it would train, evaluate or predict on, and its dry result."""

from __future__ import annotations

import contextlib
import inspect
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from bertmagic.backends.protocol import LiveCall, Unseen
from bertmagic.backends.torch import describe, live, optimizers
from bertmagic.backends.torch.state import random_state, restore_random
from bertmagic.facts.call import CallKind
from bertmagic.facts.training import OptimizerFacts

MODULE = "transformers.trainer"
# Datasets of more rows than these are not read for their labels alone.
_MOST_ROWS = 100_000
# Rows of which labels are read where no batch could be made.
_FEW = 8
_ADAMS = ("adamw", "adam", "nadam", "radam")


def trainer_class() -> Any:
    """transformers' Trainer where its module is loaded, else None."""
    return getattr(sys.modules.get(MODULE), "Trainer", None)


def live_call(kind: CallKind, model: Any, trainer: Any, dataset: Any) -> LiveCall:
    """The call of `model` on the first batch of a run; raises what the datasets and the collator raise."""
    batch = first_batch(trainer, kind, dataset)
    if not isinstance(batch, Mapping):
        raise Unseen(f"a batch of it is a {type(batch).__name__}, and no dict")
    own = _own_parts(trainer)
    moved = trainer._prepare_inputs(dict(batch))
    arguments = live.direct_arguments(describe.inner(model), (), moved)
    return live.TorchCall(
        kind,
        model,
        arguments,
        container=type(dataset if dataset is not None else trainer.train_dataset).__name__,
        data=dataset if dataset is not None else trainer.train_dataset,
        optimizer=_optimizer(trainer) if kind == "fit" else None,
        label_span=_label_span(trainer.train_dataset) if kind == "fit" and not own else None,
        unseen=own,
        own_loss=bool(own),
        wants_loss=kind == "fit",
    )


def names_for_labels(dataset: Any) -> list[str]:
    """The labels of a dataset's first rows where they are strings, of which a collator makes no batch; else none."""
    rng = random_state()
    try:
        rows = [dataset[place] for place in range(min(len(dataset), _FEW))]
        labels: list[Any] = [next((row[name] for name in ("labels", "label") if name in row), None) for row in rows]
    except Exception:  # noqa: BLE001  # rows of another kind, or none
        return []
    finally:
        restore_random(rng)
    return labels if all(isinstance(each, str) for each in labels) else []


def first_batch(trainer: Any, kind: CallKind, dataset: Any) -> Any:
    """The first batch as the trainer's own loader makes it, in this process; random state is as before."""
    if kind == "fit" and trainer.train_dataset is None:
        raise Unseen("it has no train_dataset")
    rng = random_state()
    try:
        with _without_workers(trainer):
            if kind == "fit":
                loader = trainer.get_train_dataloader()
            elif kind == "predict":
                loader = trainer.get_test_dataloader(dataset)
            else:
                loader = trainer.get_eval_dataloader(dataset)
            source = getattr(loader, "dataset", None)
            if hasattr(source, "__next__"):
                raise Unseen("its dataset is a one-shot iterator: a batch taken from it would be lost")
            batch = next(iter(loader), None)
    finally:
        restore_random(rng)
    if batch is None:
        raise Unseen("it is empty")
    return batch


@contextlib.contextmanager
def _without_workers(trainer: Any) -> Iterator[None]:
    """Load in this process, and leave nothing of the loader with the trainer."""
    args, loaders = trainer.args, list(getattr(trainer.accelerator, "_dataloaders", ()))
    names = {"dataloader_num_workers": 0, "dataloader_persistent_workers": False, "dataloader_prefetch_factor": None}
    before = {name: getattr(args, name) for name in names if hasattr(args, name)}
    cached = vars(trainer).get("_eval_dataloaders")
    kept = None if cached is None else dict(cached)
    try:
        for name in before:
            # Set as a plain attribute: the dataclass checks nothing after its making (5.23, `TrainingArguments`).
            object.__setattr__(args, name, names[name])
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(args, name, value)
        if hasattr(trainer.accelerator, "_dataloaders"):
            trainer.accelerator._dataloaders[:] = loaders
        if kept is None:
            vars(trainer).pop("_eval_dataloaders", None)
        else:
            trainer._eval_dataloaders = kept


def validation(trainer: Any) -> dict[str, Any] | None:
    """The keywords of an evaluation that training would make, or None."""
    strategy = getattr(trainer.args, "eval_strategy", None) or getattr(trainer.args, "evaluation_strategy", None)
    if trainer.eval_dataset is None or str(getattr(strategy, "value", strategy)) in ("no", "None"):
        return None
    dataset = trainer.eval_dataset
    if isinstance(dataset, dict):
        dataset = next(iter(dataset.values()), None)
    return {"trainer": trainer, "dataset": dataset}


def result(trainer: Any) -> Any:
    """The `TrainOutput` of a run that did not happen: its steps, and all its numbers NaN."""
    from transformers.trainer_utils import TrainOutput

    names = ("train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos", "train_loss", "epoch")
    return TrainOutput(_steps(trainer), math.nan, dict.fromkeys(names, math.nan))


def _steps(trainer: Any) -> int:
    args = trainer.args
    if args.max_steps and args.max_steps > 0:
        return int(args.max_steps)
    try:
        batch = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        return int(math.ceil(len(trainer.train_dataset) / batch) * math.ceil(args.num_train_epochs))
    except Exception:  # noqa: BLE001  # a dataset without a length
        return 0


def callbacks(trainer: Any) -> list[str]:
    """The types of the user's own callbacks, which a dry run does not call."""
    held = getattr(trainer.callback_handler, "callbacks", ())
    return [type(each).__name__ for each in held if not type(each).__module__.startswith("transformers.")]


def _own_parts(trainer: Any) -> tuple[tuple[str, str], ...]:
    """The parts of a run that are the user's own, which a dry pass does not run."""
    base = trainer_class()
    own = type(trainer).compute_loss is not base.compute_loss or getattr(trainer, "compute_loss_func", None) is not None
    if not own:
        return ()
    return ((f"the loss of `{type(trainer).__name__}`", "it is the user's own code, and may change what it compares"),)


def _optimizer(trainer: Any) -> OptimizerFacts | None:
    made = getattr(trainer, "optimizer", None)
    if made is not None:
        rates = [rate for group in made.param_groups if (rate := optimizers.highest_rate(group)) is not None]
        return optimizers.facts_of(made, None, max(rates, default=None), optimizers.steps_made(made))
    name = str(getattr(trainer.args.optim, "value", trainer.args.optim))
    adam = name.startswith(_ADAMS)
    steps = int(getattr(trainer.state, "global_step", 0) or 0)
    return OptimizerFacts("AdamW" if adam else name, adam, float(trainer.args.learning_rate), steps=steps, slots=2)


def _label_span(dataset: Any) -> tuple[float, float] | None:
    """The lowest and highest label of all the data, where it can be read without asking for each row."""
    import numpy as np

    names = ("labels", "label")
    column: Any = None
    known = getattr(dataset, "column_names", None)
    if isinstance(known, list):
        name = next((each for each in names if each in known), None)
        column = None if name is None else dataset[name]
    elif isinstance(dataset, list) and dataset and isinstance(dataset[0], Mapping):
        name = next((each for each in names if each in dataset[0]), None)
        column = None if name is None else [each.get(name) for each in dataset[:_MOST_ROWS]]
    else:
        held = vars(dataset) if hasattr(dataset, "__dict__") else {}
        column = next((held[name] for name in names if name in held), None)
    try:
        if column is None or len(column) > _MOST_ROWS or len(column) != len(dataset):
            return None
        values = np.asarray([float(each) for each in column])
    except Exception:  # noqa: BLE001  # labels of another kind
        return None
    return (float(values.min()), float(values.max())) if values.size else None


def arguments_of(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a trainer's method by name."""
    try:
        return dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except TypeError:
        return dict(kwargs)
