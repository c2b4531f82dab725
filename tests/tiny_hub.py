"""A KerasHub backbone of two layers and its tokenizer, made anew for each test: on JAX a call that raises takes the
weights of its model along.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub
import numpy as np

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("a", "the", "film", "was", "good", "bad", "very", "and", "plot"),
    *("dull", "bright", "long", "short", "play", "it", "is", "not", "so"),
]
TEXTS = [
    "the film was good",
    "a bad and very dull film",
    "it is not so long",
    "the plot was bright and the play was short",
]
LABELS = np.array([1, 0, 1, 0])
LENGTH = 12


def tokenizer() -> Any:
    return keras_hub.models.BertTokenizer(vocabulary=WORDS, lowercase=True)


def preprocessor() -> Any:
    return keras_hub.models.BertTextClassifierPreprocessor(tokenizer(), sequence_length=LENGTH)


def backbone(dropout: float = 0.1) -> Any:
    keras.utils.set_random_seed(1)
    return keras_hub.models.BertBackbone(
        vocabulary_size=len(WORDS),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=16,
        dropout=dropout,
    )


def classifier(**settings: Any) -> Any:
    return keras_hub.models.BertTextClassifier(
        backbone(), num_classes=2, **{"preprocessor": preprocessor(), **settings}
    )


def batch(texts: Any = None) -> dict[str, np.ndarray]:
    """What the preprocessor makes of four texts: (batch=4, seq=12), int32."""
    made = preprocessor()(TEXTS if texts is None else texts)
    return {name: np.array(value).astype("int32") for name, value in made.items()}
