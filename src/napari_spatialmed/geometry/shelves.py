"""What was computed of a case, and what of it an edit puts out of date."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any, Literal, TypeVar, cast

from napari_spatialmed.geometry.measurement import Measurement
from napari_spatialmed.geometry.registry import CALCULATORS
from napari_spatialmed.geometry.store import Key

SEES_OTHERS = frozenset({"laterality", "overlap_after_dilation", "margin_mm"})
"""Calculators of one structure or a pair that also look at voxels of others."""
Shelf = Literal["structure", "pair", "case", "result"]
T = TypeVar("T")


class Shelves:
    """Results by what they belong to: a structure, a pair, the case, or a measurement asked for.

    Places are ``(what, label, key)`` of a structure, ``(what, label, label)`` of a pair, ``what`` of the case, and a
    measurement's `Key`.  Safe to read from several threads.

    Parameters
    ----------
    results
        Measurements known from before.
    """

    def __init__(self, results: dict[Key, Measurement]) -> None:
        self.generation = 0
        """Rises with every edit."""
        self._lock = threading.RLock()
        self._changed: dict[int, int] = {}
        self._kept: dict[Shelf, dict[Any, Any]] = {
            "structure": {},
            "pair": {},
            "case": {},
            "result": dict(results),
        }

    def kept(self, shelf: Shelf, place: Any, make: Callable[[], T]) -> T:
        """What lies at a place of a shelf; made, without holding others up, if nothing does."""
        with self._lock:
            if place in self._kept[shelf]:
                return cast(T, self._kept[shelf][place])
            generation = self.generation
        value = make()
        with self._lock:
            if self.generation != generation:
                # Edited meanwhile: good enough for who asked, not to be kept.
                return value
            return cast(T, self._kept[shelf].setdefault(place, value))

    def offer(self, shelf: Shelf, place: Any, value: object, generation: int) -> bool:
        """Keep what was made in advance, unless an edit came between; whether it was kept."""
        with self._lock:
            if self.generation != generation:
                return False
            self._kept[shelf].setdefault(place, value)
            return True

    def look(self, shelf: Shelf, place: Any) -> Any:
        """What lies there already, or None."""
        return self._kept[shelf].get(place)

    def results(self) -> dict[Key, Measurement]:
        """All measurements made so far."""
        with self._lock:
            return dict(self._kept["result"])

    def forget(self, labels: Collection[int], names: Collection[str]) -> None:
        """Drop what rests on edited structures, given by label and by name."""
        with self._lock:
            self.generation += 1
            for label in labels:
                self._changed[label] = self.generation
            edited, called = set(labels), set(names)
            kept = self._kept
            self._kept = {
                "structure": {
                    place: value for place, value in kept["structure"].items() if place[1] not in edited
                },
                "pair": {
                    place: value for place, value in kept["pair"].items() if not edited & set(place[1:])
                },
                "case": {},
                "result": {
                    key: value
                    for key, value in kept["result"].items()
                    if CALCULATORS[key[0]].scope != "case"
                    and key[0] not in SEES_OTHERS
                    and not called & {*key[1], *value.structures}
                },
            }

    def forget_names(self) -> None:
        """Drop what speaks of structures by name; what was computed on voxels stays."""
        with self._lock:
            self.generation += 1
            self._kept["case"], self._kept["result"] = {}, {}

    def changed_since(self, labels: Collection[int], generation: int) -> bool:
        """Whether any of these structures was edited after that generation."""
        return any(self._changed.get(label, 0) > generation for label in labels)
