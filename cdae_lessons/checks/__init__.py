"""Instant answers for the exercises: ``check_*`` prints one line, with a hint where an answer is wrong.

A module a lesson; what they share is in `answers`. `reveal` shows a prediction beside the measured value.
"""

import importlib
import pkgutil

from cdae_lessons.checks.answers import reveal

__all__ = ["reveal"]

for _module in pkgutil.iter_modules(__path__):
    for _name, _value in vars(importlib.import_module(f"{__name__}.{_module.name}")).items():
        if _name.startswith("check_"):
            globals()[_name] = _value
            __all__ += [_name]
