"""Values are followed back through the cell's own classes: methods, and settings in a class's body."""

from __future__ import annotations

import ast

import pytest

from bertmagic.repair.flow import Flow
from bertmagic.repair.source import Source
from bertmagic.written import Written


def origin(cell: str, of: str) -> str:
    """What the argument of the cell's call of `of` comes from, as it is written."""
    source = Source(Written(cell, cell, "<cell>"))
    call = next(source.calls(of))
    return ast.unparse(Flow(source).resolve(call.args[0]).node)


CONFIG = "class Config:\n    rate = 1e-3\n"
TRAINER = "class Trainer:\n    def encode(self):\n        return made()\n    def train(self):\n        {}\n"


@pytest.mark.parametrize(
    ("cell", "comes_from"),
    [
        (CONFIG + "use(Config.rate)\n", "0.001"),
        (CONFIG + "config = Config()\nuse(config.rate)\n", "0.001"),
        ("class Config:\n    rate: float = 1e-3\nuse(Config().rate)\n", "Config().rate"),
        (CONFIG + "config = Config(rate=1)\nuse(config.rate)\n", "config.rate"),
        (CONFIG + "Config.rate = 1\nuse(Config.rate)\n", "Config.rate"),
        (TRAINER.format("use(self.encode())"), "made()"),
        (TRAINER.format("pass") + "trainer = Trainer()\nuse(trainer.encode())\n", "made()"),
        (TRAINER.format("pass") + "use(tokenizer.encode())\n", "tokenizer.encode()"),
    ],
)
def test_resolve(cell: str, comes_from: str) -> None:
    assert origin(cell, "use") == comes_from
