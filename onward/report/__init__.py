"""One offline page a run, pictures first. Reads the run's folder and nothing else; knows no task."""

from __future__ import annotations

from onward.report.page import write_report

__all__ = ["write_report"]
