"""What can be set for `kaggle`."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Settings of `kaggle`; each says what it does in `help`."""

    metric: str | None = setting(
        None, "The competition's: auc, accuracy, log-loss, f1, qwk, map@3, rmse, rmsle, mae ..."
    )
    target: str | None = setting(None, "Column to predict, where the sample submission does not name it.")
    folds: int = setting(5, "Parts of the rows; each is told by members that did not see it.", 2, 20)
    group: str | None = setting(None, "Column whose rows stay in one fold; `none` for no.")
    when: str | None = setting(None, "Column of moments: rows are told from earlier ones only; `none` for no.")
    members: str = setting("all", "Families that may take part, as in linear,lightgbm,network.")
    columns: str | None = setting(None, "Kinds of columns: zip=category,when=date,notes=text,id=drop.", rare=True)
