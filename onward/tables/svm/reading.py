"""What a support vector machine learns from: a table with its target set apart, pictures, or labelled texts."""

from __future__ import annotations

from onward.core.task import Source
from onward.tables.problem import Asked
from onward.tables.samples import Samples, read_samples
from onward.tables.svm.settings import Settings

__all__ = ["read"]


def read(source: Source, settings: Settings) -> Samples:
    """Read samples and part them.

    Raises:
        DataFault: no target, one class only, too few rows.
    """
    return read_samples(source, Asked(settings.target, settings.columns, settings.names, settings.predict))
