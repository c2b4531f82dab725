"""What did not fit where loading weights ended the cell: names and shapes, as the tensors themselves tell."""

from __future__ import annotations

from bertmagic.backends.protocol import Failing
from bertmagic.facts.loading import LoadingFacts


def loading(failing: Failing) -> LoadingFacts | None:
    """The facts of a loading that failed for its weights' shapes; None for others."""
    return None
