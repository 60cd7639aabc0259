"""What can be chosen about a support vector machine."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["KERNELS", "Settings"]

KERNELS = ("linear", "rbf", "poly")


@dataclass(frozen=True)
class Settings:
    """How machines are searched for; what is not chosen is tried."""

    target: str | None = setting(None, "Column to predict; by default the last.")
    predict: str | None = setting(None, "Whether the target is classes or a number.", choices=("classes", "number"))
    columns: str | None = setting(None, "Kinds of columns, as zip=category,when=date,notes=drop.")
    names: bool | None = setting(None, "Whether the first line names the columns.", rare=True)
    kernel: str | None = setting(None, "The one kernel to use.", choices=KERNELS)
    cost: float | None = setting(None, "C, what an error costs.", 1e-6, 1e9)
    gamma: float | None = setting(None, "Of the rbf and poly kernels: how near a neighbour is.", 1e-9, 1e9)
    exact_rows: int = setting(10_000, "Rows up to which the kernel is exact; above, Nyström's.", 100, 50_000)
    landmarks: int = setting(500, "Rows that stand for all others in Nyström's kernel.", 10, 3000)
    tries: int = setting(200, "Fits after which the search ends although time is left.", 1, 100_000)
