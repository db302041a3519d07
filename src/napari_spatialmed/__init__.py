"""Spatial questions from labelled scans, with answers that anyone can recompute.

The floors, bottom up: :mod:`case` → :mod:`geometry` → :mod:`questions` → :mod:`benchmark` →
:mod:`agents` and :mod:`evaluation` → :mod:`viewer` and :mod:`cli`.  Nothing on a lower floor knows a higher one.
"""

__version__ = "0.1.0"
