"""Rules on what training changes, and on predictions from what no training has changed."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.training import EncoderState, StateFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import at_rate, inside
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed

# Adam's default (tf_keras 2.21, `optimizers/adam.py`); a float32 of it may lie just below.
_HIGH = 1e-3 * (1 - 1e-6)
# BERT's own fine-tuning rates (Devlin et al. 2019, appendix A.3).
_USUAL = (2e-5, 5e-5)
# Heads of pretraining: what trains with them may begin from nothing, or go on as it began.
_PRETRAINING = ("ForMaskedLM", "ForPreTraining", "LMHeadModel")


@rule("warning")
def learning_rate_high(call: CallFacts) -> Finding | None:
    """Fine-tuning a pretrained encoder at Adam's default 1e-3.

    What it finds: `fit`, or a training loop of one's own, with an optimizer of Adam's kind whose learning rate, or a
    schedule's highest, is 1e-3 or more, where it trains most of an encoder that was loaded from a checkpoint. That the
    encoder's weights are trained ones is read from them. An encoder that is frozen, or that no gradient reaches, one
    with random weights, another kind of optimizer, one for the head alone, and a callback or a loop that sets the rate
    are right.

    Why it is bad: Adam moves a weight by about the learning rate in each step, however small the gradient. BERT was
    fine-tuned at 2e-5 to 5e-5; at 1e-3 a few hundred steps replace what pretraining had learnt, without an error.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)
        model.compile(optimizer="adam")

    Right:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)
        model.compile(optimizer=tf.keras.optimizers.Adam(2e-5))
    """
    state = call.state
    if state is None or state.own_step or state.may_set_rate or _pretrains(call):
        return None
    optimizer = state.optimizer
    if optimizer is None or call.kind != ("fit" if optimizer.said is None else "call"):
        return None
    if not optimizer.adam or optimizer.rate is None or optimizer.steps:
        return None
    if not optimizer.rate >= _HIGH or call.model.type.endswith(_PRETRAINING):
        return None
    found = next(((facts, own) for facts, own in _encoders(call, state) if _is_fine_tuned(facts, own)), None)
    if found is None:
        return None
    encoder, own = found
    said, name = call.model.said, _name(call, encoder)
    # Whose the step is, and the optimizer, as the cell has them; one in a loop need not have a name there.
    trains, whose = (f"{said}.fit", f"{said}.optimizer") if optimizer.said is None else (optimizer.said,) * 2
    nameless = optimizer.said == optimizer.name
    having = f"{whose} has" if nameless else f"`{whose}` is {optimizer.name} with"
    rate = f"{optimizer.rate:.3g}"
    by = f", the highest of its {optimizer.schedule}," if optimizer.schedule else ","
    if optimizer.schedule is None and abs(optimizer.rate - 1e-3) < 1e-8:
        by = ", Adam's default,"
    low, high = (round(each, 4) + 0.0 for each in own.gamma or (0.0, 0.0))  # no -0.0
    more = f"{optimizer.rate / _USUAL[1]:.0f} to {optimizer.rate / _USUAL[0]:.0f}"
    return Finding(
        "learning-rate-high",
        "warning",
        optimizer.said or optimizer.name,
        f"`{trains}` trains the pretrained encoder of `{name}` at a learning rate of {rate}",
        f"{having} a learning rate of {rate}{by} and it trains "
        f"{own.trainable:,} of the {own.parameters:,} parameters in the layers of `{name}`. They are pretrained: the "
        f"weights of its layer normalizations are {low:g} … {high:g}, and 1 throughout in a new encoder. BERT was "
        f"fine-tuned at 2e-5 to 5e-5; each step here is {more} times as long.",
        {
            "learning rate": optimizer.rate,
            "optimizer": optimizer.name,
            "schedule": optimizer.schedule,
            "parameters trained": own.trainable,
            "layer normalization weights": [low, high],
            "source": "Devlin et al. 2019, BERT, appendix A.3: 5e-5, 3e-5, 2e-5",
        },
        Fix("Train at a rate for fine-tuning", at_rate(call.model, optimizer)),
    )


def _is_fine_tuned(encoder: EncoderFacts, state: EncoderState) -> bool:
    """Whether an encoder of trained weights, from a checkpoint, is trained for the most part, and gradients reach it.

    One that was trained from random weights in this process has no checkpoint's name. Layers that were put in
    (adapters) and the last few of many are less than half.
    """
    loaded = bool(encoder.pretrained) and state.trained is True
    return loaded and state.reached is True and state.trainable * 2 >= state.parameters > 0


def _pretrains(call: CallFacts) -> bool:
    """Whether an output gives each token a number for each id of the vocabulary, as pretraining heads do."""
    rows = {each.vocab_rows for each in call.model.encoders}
    return any(len(output.shape) == 3 and output.shape[-1] in rows for output in call.outputs)


@rule("advice")
def head_untrained(call: CallFacts) -> Finding | None:
    """Predictions from a newly initialised head.

    What it finds: a prediction, an evaluation or a direct call of a model whose encoder holds trained weights, while a
    dense layer after it is as it was initialised: its bias is 0 throughout and its weights are as they are drawn. Calls
    of a training step are left alone.

    Why it is bad: nothing is wrong with the call, but what comes out is what random weights make of the encoder's
    output. transformers says so while it loads (`newly initialized`), a Keras model of one's own does not.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained("bert-base-uncased")
        model.predict(inputs)

    Right:

        model = TFBertForSequenceClassification.from_pretrained("bert-base-uncased")
        model.fit(inputs, labels)
        model.predict(inputs)
    """
    state = call.state
    if call.kind not in ("predict", "evaluate", "call") or state is None or call.error is not None:
        return None
    if not state.heads or state.for_training or call.model.dry:
        return None
    if state.optimizer is not None and state.optimizer.steps:
        return None
    trained = [facts for facts, own in _encoders(call, state) if own.trained]
    if not trained:
        return None
    said = call.model.said
    heads = [f"`{head.path}`" for head in state.heads]
    one = len(heads) == 1
    drawn = f"{'its' if one else 'their'} weights are as {state.heads[0].initializer} draws them"
    if len({head.initializer for head in state.heads}) > 1:
        drawn = "their weights are as their initializers draw them"
    return Finding(
        "head-untrained",
        "advice",
        state.heads[-1].path,
        f"`{said}` predicts with a head that was not trained",
        f"{'The bias' if one else 'The biases'} of {listed(heads)} {'is' if one else 'are'} 0 throughout, and {drawn}, "
        f"while the encoder of `{_name(call, trained[0])}` has trained weights: what comes out is what random weights "
        "make of its output.",
        {
            "layers": [head.path for head in state.heads],
            "shapes of the weights": [str(head.shape) for head in state.heads],
            "bias": 0.0,
            "steps of the optimizer": state.optimizer.steps if state.optimizer is not None else None,
        },
        Fix("Train the head before its predictions are used", _training(call)),
    )


@rule("advice")
def pooler_unused(call: CallFacts) -> Finding | None:
    """No gradient reaches the pooler, of which Keras warns: harmless, and why.

    What it finds: `fit` of a model whose outputs do not depend on its encoder's pooler, as where only the last hidden
    state is used, while the pooler's weights are trainable. It is read from the gradients of a pass.

    Why it is bad: it is not. Keras warns in each training that gradients do not exist for the pooler's variables, and
    that is harmless: those weights stay as they are, and all others train. They cost memory for the optimizer.

    Wrong:

        hidden = bert(ids)[0]     # the pooler's output is bert(ids)[1]
        output = tf.keras.layers.Dense(2)(hidden[:, 0])

    Right:

        bert = TFBertModel.from_pretrained(checkpoint, add_pooling_layer=False)
        output = tf.keras.layers.Dense(2)(bert(ids)[0][:, 0])
    """
    state = call.state
    if call.kind != "fit" or state is None or state.own_step or call.error is not None:
        return None
    found = next(
        (
            (facts, own)
            for facts, own in _encoders(call, state)
            if own.pooler and own.reached is True and own.pooler_reached is False
        ),
        None,
    )
    if found is None:
        return None
    encoder, own = found
    said, name = call.model.said, _name(call, encoder)
    return Finding(
        "pooler-unused",
        "advice",
        f"{encoder.path}/pooler" if encoder.path else "pooler",
        f"The pooler of `{name}` takes no part in the loss, which is harmless",
        f"The outputs of `{said}` depend on the last hidden state of `{name}` and not on its pooler, whose "
        f"{own.pooler:,} parameters therefore get {_GRADIENTS[_grads(call)]}, and all others train.",
        {"parameters of the pooler": own.pooler, "gradient": None if _grads(call) != "jax" else 0.0},
        Fix(_FREEZING[_grads(call)], _frozen_pooler(call, encoder)),
    )


# What becomes of weights on which no output depends: PyTorch's own optimizers, and Keras', on each backend (keras
# 3.15.1, `optimizers/base_optimizer.py`, `_filter_empty_gradients`).
_GRADIENTS = {
    "warned": "no gradient. Keras then warns that gradients do not exist for them: they stay as they are",
    "jax": "a gradient of 0 on JAX, of which nothing warns: they stay as they are but for a weight decay",
    "torch": "no gradient (`grad` stays unset): the optimizer passes them over",
}
_FREEZING = {
    "warned": "Nothing needs to change; freezing the pooler silences Keras' warning",
    "jax": "Nothing needs to change; freezing the pooler saves the optimizer's memory for it",
    "torch": "Nothing needs to change; freezing the pooler says so in the code",
}


def _grads(call: CallFacts) -> str:
    if call.model.framework == "torch":
        return "torch"
    return "jax" if call.model.compute == "jax" else "warned"


def _frozen_pooler(call: CallFacts, encoder: EncoderFacts) -> str:
    said = call.model.said
    if call.model.framework == "torch":
        return f"{inside(call.model, encoder)}.pooler.requires_grad_(False)"
    if call.model.framework == "keras":
        return f"{inside(call.model, encoder)}.pooled_dense.trainable = False  # then compile again"
    return f'next(part for part in {said}.submodules if part.name == "pooler").trainable = False'


def _training(call: CallFacts) -> str:
    said = call.model.said
    if call.model.framework == "torch":
        return f"Trainer(model={said}, args=arguments, train_dataset=dataset).train()  # or a training loop"
    return f"{said}.fit(inputs, labels)"


def _encoders(call: CallFacts, state: StateFacts) -> list[tuple[EncoderFacts, EncoderState]]:
    """The model's encoders with their state."""
    return [(each, own) for each in call.model.encoders if (own := state.encoder(each.path)) is not None]


def _name(call: CallFacts, encoder: EncoderFacts) -> str:
    return encoder.said or encoder.path or call.model.said
