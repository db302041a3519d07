"""The paper's own results, for comparison: other scans, other questions, other prompts than ours."""

from __future__ import annotations

SOURCE = "SpatialMed, arXiv 2603.13800 (ICML 2026), accuracy and MRA in percent"

PUBLISHED: tuple[tuple[str, tuple[float | None, ...]], ...] = (
    ("Random", (25.00, 25.00, 25.00, 25.00, 25.00, 25.00, None)),
    ("LLaVA-Next", (40.80, 56.96, 28.18, 47.82, 44.68, 45.81, 21.35)),
    ("GLM-4.1V", (26.18, 22.03, 19.63, 26.97, 37.14, 31.09, 22.93)),
    ("Qwen3-VL 4B", (50.81, 54.50, 49.90, 46.20, 63.90, 56.20, 34.14)),
    ("Qwen3-VL 8B", (44.04, 34.59, 60.05, 40.56, 58.18, 50.14, 20.72)),
    ("InternVL3 8B", (42.83, 43.26, 46.07, 26.38, 64.68, 47.89, 28.69)),
    ("InternVL3 9B", (47.87, 51.48, 56.00, 37.35, 50.39, 56.12, 35.92)),
    ("MedFlamingo", (32.14, 36.07, 25.40, 36.24, 39.22, 42.00, 13.93)),
    ("LLaVA-Med", (46.38, 73.86, 31.29, 55.22, 47.27, 55.48, 15.17)),
    ("HuatuoGPT-Vision", (1.34, 1.60, 1.04, 1.76, 2.08, 1.56, None)),
    ("MedMoE", (15.84, 22.15, 5.08, 23.77, 11.95, 15.64, 16.45)),
    ("Med-VLM-R1", (6.30, 5.14, 6.58, 4.45, 11.95, 9.67, None)),
    ("MedGemma 4B", (43.18, 54.11, 24.36, 50.22, 47.53, 57.16, 25.69)),
    ("Med-2E3", (38.60, 33.68, 30.25, 39.32, 50.65, 46.09, 31.58)),
    ("M3D", (8.86, 0.11, 0.00, 31.10, 1.04, 12.07, None)),
)
"""Model → AVG, DIR, DIST, EXT, VOL, COMP, VOLEST; None where the paper prints a dash."""
