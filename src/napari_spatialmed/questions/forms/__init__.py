"""All forms by id.  Adding one is one file here that ends in ``FORM = …``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from napari_spatialmed.questions.form import Form
from napari_spatialmed.questions.model import TASKS


def _collect() -> dict[str, Form]:
    modules = (
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    )
    forms: list[Form] = [module.FORM for module in modules]
    forms.sort(key=lambda form: (TASKS.index(form.task), form.id))
    by_id = {form.id: form for form in forms}
    if len(by_id) != len(forms):
        raise ValueError("two forms have the same id")
    return by_id


FORMS: Mapping[str, Form] = MappingProxyType(_collect())
"""In the tasks' order."""
