"""The rules, by family: facts in, a finding or nothing out. Which is the cause, where several fit: `order.py`."""

import importlib
import pkgutil

from bertmagic.rules.registry import RULES, Rule, wanted

# Each module registers its rules as it is imported: a new family is a new file, and is named nowhere else.
for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")

__all__ = ["RULES", "Rule", "wanted"]
