"""Rules on how the hidden states of a text's tokens become one vector."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts, PoolingFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import masked_maximum, masked_mean, states
from bertmagic.rules.registry import rule
from bertmagic.rules.words import amount, count, is_noise, rows_of

_SAID = {"mean": "mean", "max": "maximum", None: "pooling"}


@rule("warning")
def pooling_over_padding(call: CallFacts) -> Finding | None:
    """The mean over the sequence counts padding.

    What it finds: the encoder gets a right attention mask, and what is made of its hidden states, a mean or a maximum
    over all positions, takes those at padding positions in.

    Why it is bad: the mask keeps the encoder from attending to padding, but each padding position still has a hidden
    state, which says nothing of the text. A text's vector then depends on how long the longest text of its batch is.
    Nothing is raised.

    Wrong:

        hidden = bert(ids, attention_mask=mask).last_hidden_state
        pooled = tf.reduce_mean(hidden, axis=1)

    Right:

        hidden = bert(ids, attention_mask=mask).last_hidden_state
        weight = tf.cast(mask, hidden.dtype)[:, :, None]
        pooled = tf.reduce_sum(hidden * weight, axis=1) / tf.reduce_sum(weight, axis=1)
    """
    for pooling in call.pooling:
        if not pooling.padding or is_noise(pooling.moved):
            continue
        said, rows = _SAID[pooling.how], sorted(pooling.padding)
        counts = sorted(set(pooling.padding.values()))
        tokens = (
            count(counts[0], "padding token") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} padding tokens"
        )
        each = " each" if len(rows) > 1 and len(counts) == 1 else ""
        verb = "have" if len(rows) > 1 else "has"
        by = f" (layer `{pooling.layer}`)" if pooling.layer else ""
        return Finding(
            "pooling-over-padding",
            "warning",
            call.model.said,
            f"`{call.model.said}` takes the {said} over all positions, padding among them",
            f"The {said}{by} of the hidden states of `{pooling.encoder}` is taken over all positions; "
            f"{rows_of(rows)} of those that were run {verb} {tokens}{each}. With {pooling.ran}, `{pooling.name}` moves "
            f"by {amount(pooling.moved)} (its size is {amount(pooling.scale)}). `{pooling.mask}` keeps "
            f"`{pooling.encoder}` from attending to padding; the {said} does not see it.",
            {
                "rows": rows,
                "padding tokens": dict(pooling.padding),
                "output": pooling.name,
                "output moves": pooling.moved,
                "output size": pooling.scale,
                "by": pooling.ran,
                "layer": pooling.layer,
            },
            Fix(f"Leave the padding out of the {said}", _without_padding(call.model, pooling)),
        )
    return None


def _without_padding(model: ModelFacts, pooling: PoolingFacts) -> str:
    """The pooling with the mask in it: Keras' layer for a mean takes one (tf_keras 2.21), that for a maximum none."""
    hidden = f"# hidden: the {states(model)} of `{pooling.encoder}`"
    if pooling.how == "max":
        return f"{hidden}\n{masked_maximum(model, pooling.mask)}"
    by_layer = pooling.layer is not None and not pooling.layer.startswith(("tf.", "ops."))
    if by_layer and model.framework == "tf-keras":
        return f"{hidden}\npooled = tf.keras.layers.GlobalAveragePooling1D()(hidden, mask={pooling.mask})"
    return f"{hidden}\n{masked_mean(model, pooling.mask)}"
