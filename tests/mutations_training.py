"""Faults of the optimizer, of memory and of the device, and what there is to advise on a model's state."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from mutating import TRAINED, mutation
from programs import Program
from states import BASE, HEAD, HIGH, MEMORY, PARAMETERS, adam, encoder, machine

from bertmagic.facts.call import CallFacts
from bertmagic.facts.training import StateFacts


def _loaded(program: Program, state: StateFacts, **changes: Any) -> CallFacts:
    """The program with an encoder from a checkpoint, in that state."""
    known = dataclasses.replace(program.family.encoder, pretrained="bert-base-uncased")
    return program.facts(family=dataclasses.replace(program.family, encoder=known), state=state, **changes)


@mutation("learning-rate-high", head=TRAINED)
def adams_default_for_a_pretrained_encoder(program: Program, random: np.random.Generator) -> CallFacts:
    rate = float(random.choice([1e-3, np.float32(1e-3), 2e-3, 0.01, 0.1]))
    trainable = int(random.choice([PARAMETERS, PARAMETERS // 2]))
    heads = (HEAD,) if random.integers(2) else ()
    name = str(random.choice(["Adam", "AdamW", "Nadam"]))
    return _loaded(program, StateFacts(encoder(trainable=trainable), heads, adam(rate, name=name)))


@mutation("learning-rate-high", head=TRAINED)
def a_schedule_from_too_high(program: Program, random: np.random.Generator) -> CallFacts:
    schedule = str(random.choice(["PolynomialDecay", "CosineDecay", "ExponentialDecay"]))
    return _loaded(program, StateFacts(encoder(), optimizer=adam(1e-3, schedule=schedule)))


@mutation("memory-exceeds-device", head=TRAINED)
def a_device_too_small(program: Program, random: np.random.Generator) -> CallFacts:
    there = int(random.integers(BASE // 2, MEMORY.total))
    device = str(random.choice(["CPU", "GPU:0"]))
    state = dataclasses.replace(program.state, memory=dataclasses.replace(MEMORY, device=device), own_step=False)
    return program.facts(state=state, hardware=machine(memory={device: (there, "the test")}))


@mutation("head-untrained", head=("classes", "scores", "none", "own loss, classes"))
def predictions_of_a_new_head(program: Program, random: np.random.Generator) -> CallFacts:
    kind = random.choice(["predict", "evaluate", "call"] if program.loss else ["predict", "call"])
    return program.facts(kind=str(kind), state=StateFacts(encoder(), (HEAD,), random.choice([None, adam(2e-5), HIGH])))


@mutation("pooler-unused", head=TRAINED)
def the_pooler_beside_the_loss(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(state=StateFacts(encoder(pooler_reached=False), optimizer=adam(2e-5)))


@mutation("device-not-used")
def a_gpu_that_is_not_listed(program: Program, random: np.random.Generator) -> CallFacts:
    nodes = tuple(f"/dev/nvidia{index}" for index in range(int(random.integers(1, 5))))
    return program.facts(hardware=machine(nodes=nodes, product=random.choice([None, "a GPU"])))
