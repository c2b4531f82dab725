"""`%bertfix` with TensorFlow: the corrected cell is proved, and everything is as before."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.fixing import bertfix, checked

# The mask is left out; own loops are no `fit`, and really train.
LOOP = """\
for step in range(2):
    with tf.GradientTape() as tape:
        hidden = bert(ids).last_hidden_state  # [CLS] of each
        loss = tf.reduce_mean(head(hidden[:, 0]))
    weights = bert.trainable_weights + head.trainable_weights
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
print("trained", float(loss))
"""


def state(names: dict[str, Any]) -> dict[str, Any]:
    model = names["bert"]
    return {
        "weights": [weight.numpy().tobytes() for weight in model.weights],
        "steps": int(names["optimizer"].iterations),
        "attributes": {key: id(value) for key, value in vars(model).items()},
        "layers": [id(layer) for layer in model._flatten_layers()],
        "random": (random.getstate(), str(np.random.get_state())),
    }


def names(tf: Any, keras: Any, bert: Any, batch: SimpleNamespace) -> dict[str, Any]:
    head = keras.layers.Dense(1)
    head.build((None, 16))
    optimizer = keras.optimizers.Adam(1e-5)
    return {"tf": tf, "np": np, "bert": bert, "head": head, "optimizer": optimizer, "ids": tf.constant(batch.ids)}


def test_the_corrected_loop_is_proved_and_leaves_no_trace(
    tf: Any, keras: Any, bert: Any, batch: SimpleNamespace
) -> None:
    known = names(tf, keras, bert, batch)
    shell = checked(known, LOOP)
    before, bound = state(known), dict(shell.user_ns)
    fixed = bertfix(shell)
    assert fixed.error is None
    assert "trained" in fixed.out
    assert "runs, and nothing wrong is found" in fixed.out
    assert fixed.next_input is not None
    assert "# [CLS] of each" in fixed.next_input
    assert "attention_mask=" in fixed.next_input
    after = state(known)
    assert {key for key in before if before[key] != after[key]} == set()
    changed = {key for key, value in bound.items() if shell.user_ns.get(key) is not value}
    assert {key for key in changed if not key.startswith("_") and key not in ("In", "Out")} == set()
    assert [each.fix.proof.ran for each in fixed.report.findings[:1]] == [
        "the corrected cell as a whole, dry, its names and objects put back"
    ]


def test_a_model_that_the_cell_builds_or_compiles_is_as_before(
    tf: Any, keras: Any, config: Any, batch: SimpleNamespace
) -> None:
    from transformers import TFBertForSequenceClassification

    model = TFBertForSequenceClassification(config)
    x = {"input_ids": batch.ids, "attention_mask": 1 - batch.mask}
    shell = checked(
        {
            "model": model,
            "x": x,
            "tf": tf,
            "np": np,
            "keras": keras,
            "ids": batch.ids,
            "labels": batch.labels,
            "mask": batch.mask,
        },
        "unused = keras.layers.Dense(3)\nturned = 1 - mask\n"
        "model.compile(keras.optimizers.Adam(1e-5))\n"
        'model.fit({"input_ids": ids, "attention_mask": turned}, labels)\n',
    )
    compiled, optimizer = model._is_compiled, model.optimizer
    number = keras.layers.Dense(1).name.partition("_")[2]
    weights = model.get_weights()
    fixed = bertfix(shell)
    assert fixed.next_input is not None, fixed.out
    assert keras.layers.Dense(1).name == f"dense_{int(number or 0) + 1}"
    assert model._is_compiled is compiled
    assert model.optimizer is optimizer
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))


def test_what_cannot_be_undone_is_listed_and_needs_yes(
    tf: Any, keras: Any, bert: Any, batch: SimpleNamespace, tmp_path: Any
) -> None:
    file = tmp_path / "kept.txt"
    known = {**names(tf, keras, bert, batch), "file": file}
    shell = checked(known, 'hidden = bert(ids).last_hidden_state\nfile.write_text("once")\n')
    file.unlink()
    asked = bertfix(shell)
    assert "file.write_text(…)" in asked.out
    assert "incomplete" in asked.out
    assert asked.next_input is None
    assert not file.exists()
    fixed = bertfix(shell, "--yes")
    assert fixed.next_input is not None, fixed.out
    assert file.exists()


def test_a_correction_that_does_not_work_is_shown_as_failed(
    tf: Any, keras: Any, bert: Any, batch: SimpleNamespace
) -> None:
    shell = checked(names(tf, keras, bert, batch), "hidden = bert(ids).last_hidden_state\n")
    shell.user_ns["ids"] = shell.user_ns["ids"] * 1000  # what the corrected cell meets is another batch now
    fixed = bertfix(shell)
    assert fixed.next_input is None
    assert "does not work, and is not put in" in fixed.out
    fix = fixed.report.findings[0].fix
    assert fix.cell is None
    assert fix.proof.failed
    assert "failed its proof" in str(bertfix(shell).error)


def test_without_a_corrected_cell_there_is_nothing_to_fix(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    shell = checked({"bert": bert, "ids": batch.ids, "mask": batch.mask}, "hidden = bert(ids, attention_mask=mask)\n")
    fixed = bertfix(shell)
    assert fixed.next_input is None
    assert "nothing to fix" in str(fixed.error)
