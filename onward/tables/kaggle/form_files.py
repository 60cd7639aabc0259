"""What the sample submission decides, kept in the run (`form.json`), so that a submission can be checked without it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from onward.core.faults import RunFault
from onward.core.files import read_json, write_json
from onward.tables.kaggle.sample import Form, TargetForm

__all__ = ["read_form", "write_form"]

_NAME = "form.json"


def write_form(folder: Path, form: Form) -> None:
    """Keep a form."""
    write_json(folder / _NAME, asdict(form))


def read_form(folder: Path) -> Form:
    """Read a form.

    Raises:
        RunFault: it is missing or damaged.
    """
    facts = read_json(folder / _NAME)
    try:
        targets = tuple(_target(each) for each in facts["targets"])
        ids = tuple(tuple(map(str, row)) for row in facts["ids"])
        header, id_columns = (tuple(map(str, facts[name])) for name in ("header", "id_columns"))
        delimiter, newline = str(facts["delimiter"]), str(facts["newline"])
    except (KeyError, TypeError, ValueError) as reason:
        raise RunFault(f"{folder / _NAME} is damaged ({type(reason).__name__}). Train anew.") from None
    if len(delimiter) != 1 or newline not in ("\n", "\r\n"):
        raise RunFault(f"{folder / _NAME} is damaged (its signs are odd). Train anew.")
    return Form(header, delimiter, newline, ids, id_columns, targets)


def _target(facts: dict[str, Any]) -> TargetForm:
    return TargetForm(
        str(facts["target"]),
        str(facts["kind"]),
        tuple(map(str, facts["columns"])),
        tuple(map(str, facts["classes"])),
        {str(key): str(value) for key, value in facts["spelling"].items()},
        str(facts["yes"]),
        bool(facts["is_whole"]),
        int(facts["guesses"]),
    )
