"""Settings from words: kinds, ranges, origins, names nearly right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from onward.core.faults import RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.settings import parse_settings, setting, settings_from_json, settings_to_json


@dataclass(frozen=True)
class Demo:
    """Settings of a demonstration."""

    width: int = setting(64, "Channels.", 8, 512)
    rate: float | None = setting(None, "Learning rate.", 0.0, 1.0)
    loud: bool = setting(False, "Say more.")
    most: int = setting(600, "How many.", 6)
    loss: str = setting("hinge", "Which loss.", choices=("hinge", "classic"))


def test_words_become_values_with_their_origin() -> None:
    record, origins = parse_settings(Demo, {"width": "32", "loud": "yes", "rate": "0.5"}, "demo")
    assert record == Demo(32, 0.5, True)
    assert origins == {"width": "flag", "rate": "flag", "loud": "flag", "most": "default", "loss": "default"}
    assert settings_from_json(Demo, settings_to_json(record, origins)) == record


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"widht": "3"}, "Did you mean width"),
        ({"width": "many"}, "whole number"),
        ({"width": "4"}, "outside 8 to 512"),
        ({"rate": "nan"}, "nan, outside 0 to 1"),
        ({"most": "1"}, "1, outside 6 to inf"),
        ({"loud": "perhaps"}, "yes or no"),
        ({"loss": "clasic"}, "Did you mean classic"),
    ],
)
def test_what_is_wrong_is_said(words: dict[str, str], said: str) -> None:
    with pytest.raises(UsageFault, match=said):
        parse_settings(Demo, words, "demo")


def test_auto_is_no_value() -> None:
    assert parse_settings(Demo, {"rate": "auto"}, "demo")[0].rate is None


@pytest.mark.parametrize("stored", ["[]", '{"width": 3}', '{"width": {"from": "flag"}}', "null", "nonsense"])
def test_what_is_no_settings_file_is_said(stored: str, tmp_path: Path) -> None:
    facts = {
        "schema": 1,
        "task": "gan",
        "budget": {},
        "seed": 0,
        "device": "cpu",
        "data": {"address": "x", "fingerprint": "f"},
    }
    (tmp_path / "run.json").write_text(json.dumps(facts))
    (tmp_path / "settings.json").write_text(stored)
    with pytest.raises(RunFault, match=r"settings.json.*Restore it or train anew"):
        _ = Folder(tmp_path).settings


def test_settings_of_another_version_still_open() -> None:
    assert settings_from_json(
        Demo, {"gone": {"value": 1, "from": "flag"}, "width": {"value": 16, "from": "flag"}}
    ) == Demo(16)
