"""What can be chosen about a forest."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """How the trees are grown."""

    target: str | None = setting(None, "Column to predict; by default the last.")
    predict: str | None = setting(None, "Whether the target is classes or a number.", choices=("classes", "number"))
    columns: str | None = setting(None, "Kinds of columns, as zip=category,when=date,notes=drop.")
    names: bool | None = setting(None, "Whether the first line names the columns.", rare=True)
    trees_per_step: int = setting(5, "Trees grown a step.", 1, 1000)
    most_trees: int = setting(1000, "Trees after which growing ends although time is left.", 1, 100_000)
    rows_in_a_leaf: int = setting(1, "Fewest rows in a leaf.", 1, 1_000_000)
    columns_tried: float | None = setting(None, "Share of columns tried at a split.", 0.001, 1.0)
