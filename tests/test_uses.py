"""What a cell's source says of a model's predictions."""

from __future__ import annotations

import pytest

from bertmagic.observe.uses import argmaxed


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("mood = [names[k] for k in clf.predict(texts, verbose=0).argmax(-1)]", {"clf"}),
        ("scores = clf.predict(x)\nbest = np.argmax(scores, axis=1)", {"clf"}),
        ("best = keras.ops.argmax(clf(x, training=False), axis=-1)", {"clf"}),
        ("best = torch.argmax(self.clf.predict(x), dim=1)", {"self.clf"}),
        ("best = clf.predict(x).argmax()", set()),
        ("best = clf.predict(x).argmax(axis=0)", set()),
        ("scores = clf.predict(x)\nscores = scores.reshape(-1, 4)\nscores.argmax(-1)", set()),
        ("scores = clf.predict(x)\nfor scores in others:\n    scores.argmax(-1)", set()),
        ("best = clf.predict(x).reshape(-1, 4).argmax(-1)", set()),
        ("clf = one()\nclf.fit(x, y)\nclf = other()\nclf.predict(x).argmax(-1)", set()),
        ("axis = -1\nclf.predict(x).argmax(axis)", set()),
        ("%matplotlib inline\nclf.predict(x).argmax(-1)", set()),
        (None, set()),
    ],
)
def test_predictions_that_are_read_as_classes(source: str | None, names: set[str]) -> None:
    assert argmaxed(source) == names
