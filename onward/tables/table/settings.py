"""What can be set for `table`."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Settings of `table`; each says what it does in `help`."""

    target: str | None = setting(None, "Column to predict; by itself the last one.")
    metric: str | None = setting(
        None, "What counts: auc, accuracy, log-loss, f1, rmse, rmsle, mae ...; by itself chosen."
    )
    predict: str | None = setting(None, "What the target is: classes or a number.", choices=("classes", "number"))
    folds: int = setting(5, "Parts of the rows; each is told by members that did not see it.", 2, 20)
    group: str | None = setting(None, "Column whose rows stay in one fold; `none` for no.")
    when: str | None = setting(None, "Column of moments: rows are told from earlier ones only; `none` for no.")
    members: str = setting("all", "Families that may take part, as in linear,lightgbm,network.")
    columns: str | None = setting(None, "Kinds of columns: zip=category,when=date,notes=text,id=drop.", rare=True)
    names: bool | None = setting(None, "Whether the first line names the columns.", rare=True)
