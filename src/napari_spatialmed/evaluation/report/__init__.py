"""The report of one or more runs: tables, figures, and one HTML file that needs nothing else."""

from napari_spatialmed.evaluation.report.page import Written, write_report

__all__ = ["Written", "write_report"]
