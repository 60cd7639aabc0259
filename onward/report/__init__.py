"""One offline page a run, pictures first, and two runs side by side. Reads runs' folders alone; knows no task."""

from __future__ import annotations

from onward.report.comparing import compare_json, compare_lines
from onward.report.page import write_report

__all__ = ["compare_json", "compare_lines", "write_report"]
