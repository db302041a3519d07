"""CPU-seconds of a call, and a comparison's row."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

Row = tuple[str, float, str, float, float | None]
"""What, our CPU-s, against what, its CPU-s, the bar for the ratio."""


def cpu(function: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """Least CPU-seconds of some calls, and the last result."""
    best, result = np.inf, None
    for _ in range(repeat):
        start = time.process_time()
        result = function()
        best = min(best, time.process_time() - start)
    return best, result
