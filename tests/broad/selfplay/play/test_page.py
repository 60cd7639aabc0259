"""A trained player that answers a page: lines of JSON, and the player as it was."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from onward.broad.selfplay.play.page import answer_lines
from onward.broad.selfplay.snapshots import as_it_was, keep_snapshot, moments, steps_of
from onward.broad.selfplay.trained import Trained, load
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.tasks import find_task
from onward.verbs.train import train

SMALL = {"games": "4", "simulations": "4", "looks": "60", "batch_size": "16", "blocks": "1", "channels": "8"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    place = tmp_path_factory.mktemp("page")
    (place / "three.game").write_text("mnk\nm=3\nn=3\nk=3\n")
    settings = SMALL | {"measured": "6", "actors": "1"}
    run, _ = train(find_task("selfplay"), str(place / "three.game"), settings, steps=3, out=place / "runs", quiet=True)
    return load(Run(run.folder))


def asked(model: Trained, *questions: Any) -> list[dict[str, Any]]:
    said = io.StringIO()
    lines = [each if isinstance(each, str) else json.dumps(each) for each in questions]
    answer_lines(model, io.StringIO("\n".join(lines) + "\n"), said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_a_game_is_played_by_questions(model: Trained) -> None:
    start, mine, hint = asked(
        model,
        {},
        {"moves": [4], "reply": True, "simulations": 16},
        {"moves": [4], "hint": True, "simulations": 16},
    )
    assert start["to_play"] == 0
    assert len(start["legal"]) == 9
    assert start["moments"] == moments(model.run)
    assert len(mine["actions"]) == 2
    assert mine["replied"] == mine["moves"][1]
    assert abs(sum(mine["thought"]["policy"]) - 1) < 1e-3
    assert hint["actions"] == [4]
    assert hint["replied"] is None
    assert hint["thought"]["best"] in {move["action"] for move in hint["legal"]}
    while mine["to_play"] is not None:
        (mine,) = asked(model, {"moves": mine["actions"], "reply": True, "simulations": 2})
    assert mine["result"] in (-1, 0, 1)
    assert mine["legal"] == []


def test_the_player_as_it_was_is_the_untrained_one_at_first(model: Trained) -> None:
    first = as_it_was(model, 0)
    assert moments(model.run)[0] == 0
    now, then = (dict(each.network.state_dict()) for each in (model, first))
    assert any(not now[name].equal(then[name]) for name in now)
    (answer,) = asked(model, {"moves": [], "reply": True, "simulations": 1, "after": 0})
    assert answer["replied"]


def test_players_of_a_way_that_was_left_are_not_kept(model: Trained) -> None:
    """More time goes on from before the end, and what was learned after that is no past of this run."""
    folder = model.run.path / "snapshots"
    (folder / "999999.safetensors").write_bytes((folder / "000000.safetensors").read_bytes())
    run: Any = SimpleNamespace(path=model.run.path, steps=lambda: iter(["one", "two"]))
    run.folder = SimpleNamespace(record={"elapsed_seconds": 7.0})
    for count, step in enumerate(steps_of(run)):
        assert step == ("one", "two")[count]
        assert moments(model.run)[0] == 0
        assert (999_999 in moments(model.run)) == (count == 1)
        (folder / "999999.safetensors").touch()  # of now: it stays
    (folder / "999999.safetensors").unlink()


def test_a_network_that_is_no_number_is_no_player(tmp_path: Path) -> None:
    network = torch.nn.Linear(2, 2)
    run: Any = SimpleNamespace(path=tmp_path, seconds=7.0, steps_done=3)
    with torch.no_grad():
        network.weight[0, 0] = float("nan")
    keep_snapshot(run, network)
    assert moments(run) == []
    with torch.no_grad():
        network.weight[0, 0] = 0.0
    keep_snapshot(run, network)
    assert moments(run) == [5]


NONSENSE = [
    *("{", "[]", '"x"', "[" * 50_000),
    *({"moves": each} for each in ([99], [4, 4], "e4", [True], [None], [0] * 5000)),
    *({"after": each} for each in ("x", -1)),
    {"simulations": 1.5},
]


@pytest.mark.parametrize("question", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_gets_a_sentence_and_the_next_question_an_answer(model: Trained, question: Any) -> None:
    bad, good = asked(model, question, {})
    assert bad["fault"]
    assert good["to_play"] == 0


def test_a_damaged_snapshot_is_one_sentence(model: Trained) -> None:
    path = model.run.path / "snapshots" / "000000.safetensors"
    before = path.read_bytes()
    path.write_bytes(b"nothing")
    with pytest.raises(RunFault, match="is damaged"):
        as_it_was(model, 0)
    path.write_bytes(before)
