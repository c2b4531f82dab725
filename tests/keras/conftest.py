"""The tests of Keras 3 run where KerasHub is installed, on the backend that KERAS_BACKEND names."""

from __future__ import annotations

import importlib.util
import os

# Without it their modules cannot even be imported.
collect_ignore_glob = ["test_*.py"] if importlib.util.find_spec("keras_hub") is None else []


def pytest_report_header() -> str:
    """Which backend the run is about, or that it is not."""
    if collect_ignore_glob:
        return "tests/keras NOT RUN: the Keras stack is not installed (make test-keras)"
    return f"KERAS_BACKEND: {os.environ.get('KERAS_BACKEND', 'as keras.json says')}"
