"""Environments: put back where they were, refused with a sentence, watched without a screen."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onward.broad.control import scores as measuring
from onward.broad.control.reading import World, read
from onward.broad.control.settings import Settings
from onward.broad.control.using import load
from onward.core.faults import DataFault, Fault, MachineFault
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.doctor import doctor
from onward.verbs.evaluate import evaluate
from onward.verbs.resume import resume
from onward.verbs.train import train

OWN = """
import gymnasium, numpy as np, random, time
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Tuple

class Own(gymnasium.Env):
    observation_space = Box(-9, 9, (2,))
    action_space = Discrete(2, start=5)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.turn = 0
        return self.seen(), {}

    def seen(self):
        return self.np_random.normal(size=2).astype(np.float32)

    def step(self, action):
        assert action in (5, 6)
        self.turn += 1
        return self.seen(), float(action == 6), self.turn >= 20, False, {}

    def render(self):
        return np.full((20, 30, 3), self.turn, np.uint8)

class Dicts(Own):
    observation_space = Dict({"a": Box(0, 1, (2,))})

class Tuples(Own):
    observation_space = Tuple([Box(0, 1, (2,))])

class Pictures(Own):
    observation_space = Box(0, 255, (64, 64, 3), np.uint8)

class Words(Own):
    action_space = gymnasium.spaces.Text(5)

class NoReward(Own):
    def step(self, action):
        return (*super().step(action)[:1], float("nan"), False, False, {})

class LateNoReward(Own):
    def step(self, action):
        seen, _, over, cut, facts = super().step(action)
        return seen, float("nan") if self.np_random.random() < 0.001 else 1.0, over, cut, facts

class NoSight(Own):
    def seen(self):
        return np.array([np.inf, 0.0], np.float32)

class Endless(Own):
    def step(self, action):
        return (*super().step(action)[:2], False, False, {})

class Broken(Own):
    def step(self, action):
        return {}["missing"]

class OtherShape(Own):
    def step(self, action):
        return (np.zeros(5), *super().step(action)[1:])

class NoSpaces(gymnasium.Env):
    pass

class NoActions(Own):
    action_space = None

class NoNumbers(Own):
    action_space = Box(-1, 1, (0,))

class ManyActions(Own):
    action_space = Discrete(10**9)

class BelowZero(Own):
    observation_space = Discrete(3)
    def seen(self):
        return -1

class Huge(Own):
    def step(self, action):
        return (*super().step(action)[:1], 1e300, False, False, {})

class Leaves(Own):
    def step(self, action):
        raise SystemExit(0)

class Odd(Own):
    metadata = {"render_modes": None, "render_fps": "fast"}
    def close(self):
        raise RuntimeError("cannot close")

class Loud(Own):
    def step(self, action):
        print("loud")
        return super().step(action)

class Slow(Own):
    def step(self, action):
        time.sleep(0.004)
        return (*super().step(action)[:2], False, False, {})

class Unmade(Own):
    def __init__(self, render_mode=None):
        raise ValueError("no socket")

class Unsteady(Own):
    def seen(self):
        return np.float32([random.random(), 0.0])

class Two(Own):
    action_space = MultiDiscrete([2, 3])
    observation_space = Discrete(4)
    def seen(self):
        return int(self.np_random.integers(4))
    def step(self, action):
        self.turn += 1
        return self.seen(), float(action[0] + action[1]), self.turn >= 20, False, {}

class Blind(Own):
    def render(self):
        raise RuntimeError("no window")
"""


@pytest.fixture(autouse=True)
def _few_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure on few episodes: here it matters that it is done, not what comes out."""
    monkeypatch.setattr(measuring, "_LOTS", (2,))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def found(address: str, **settings: Any) -> World:
    return read(Source((address,)), Settings(**settings))


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("CartPole-v9", r"Did you mean CartPole-v1"),
        ("cartpole", r"Did you mean CartPole-v1\?.*Known: Acrobot-v1"),
        ("LunarLander", r"Did you mean LunarLander-v"),
        ("xyz", r"Known: .*CartPole-v1"),
        ("", r"Known: "),
        ("nowhere.py:Pole", r"no file nowhere.py"),
        ("nowhere:Pole", r"no file nowhere.py"),
        ("x" * 5000 + ":Pole", r"no file xxx"),
    ],
)
def test_names_nobody_knows_get_a_sentence(address: str, says: str) -> None:
    with pytest.raises(DataFault, match=says) as fault:
        found(address)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Owm", r"Owm is not there in .*own.py. Did you mean Own\?"),
        ("np", r"np is not made of gymnasium.Env"),
        ("Dicts", r"own.py:Dicts shows a Dict.*FlattenObservation"),
        ("Tuples", r"shows a Tuple"),
        ("Pictures", r"shows pictures"),
        ("Words", r"actions of the kind Text"),
        ("NoReward", r"reward nan in turn 1,"),
        ("NoSight", r"showed \[inf, 0.0\]"),
        ("Broken", r"failed in step\(\) \(KeyError: 'missing'\)"),
        ("OtherShape", r"failed in step\(\) \(ValueError: cannot reshape"),
        ("NoSpaces", r"has no observation_space"),
        ("NoActions", r"has no action_space"),
        ("NoNumbers", r"wants actions of the kind Box"),
        ("ManyActions", r"has 1,000,000,000 actions"),
        ("BelowZero", r"failed in reset\(\) \(ValueError: -1 was shown"),
        ("Huge", r"the reward 1e\+300 in turn 1, which is too large"),
        ("Leaves", r"failed in step\(\) \(SystemExit: 0\)"),
        ("Unmade", r"cannot be made \(ValueError: no socket\)"),
    ],
)
def test_environments_that_cannot_serve_get_a_sentence(own: Path, name: str, says: str) -> None:
    with pytest.raises(DataFault, match=says) as fault:
        found(f"{own}:{name}")
    assert "\n" not in str(fault.value)


def test_files_that_cannot_serve_get_a_sentence(own: Path, tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"classes made of gymnasium.Env .*Blind, Broken.*name one"):
        found(str(own))
    (tmp_path / "bad.py").write_text("x = 1\nraise ValueError('why')\n")
    with pytest.raises(DataFault, match=r"bad.py, line 2: ValueError: why"):
        found(f"{tmp_path}/bad.py:Pole")
    (tmp_path / "left.py").write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(DataFault, match=r"left.py, line 2: SystemExit: 0"):
        found(f"{tmp_path}/left.py:Pole")
    (tmp_path / "torn.py").write_text("class Pole(\n")
    with pytest.raises(DataFault, match=r"torn.py, line 1: SyntaxError"):
        found(f"{tmp_path}/torn.py:Pole")
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(DataFault, match="code that came with one is not run"):
        found(f"{own}:Own")


def test_what_an_environment_says_of_itself_may_be_anything(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    world = found(f"{own}:Odd")
    assert (world.can_be_seen, world.turns_a_second) == (False, 30.0)
    found(f"{own}:Loud")
    said = capfd.readouterr()
    assert "loud" not in said.out  # which may carry JSON
    assert "loud" in said.err


def test_a_module_in_the_current_folder_is_found(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    assert found("own:Own").spaces.observations == 2
    assert found("own:Two").spaces.as_json()["choice"] == {"kind": "categorical", "kinds": [2, 3]}


def test_episodes_without_end_are_cut_and_that_is_said(own: Path, tmp_path: Path) -> None:
    world = found(f"{own}:Endless", longest=50)
    assert any("cut after 50 turns" in sentence for sentence in world.findings())
    run, scores = tiny(f"{own}:Endless", tmp_path, longest="50")
    assert run.folder.status() == "finished"
    assert scores[0].value <= 50


def test_a_slow_environment_keeps_the_budget(own: Path, tmp_path: Path) -> None:
    words = {"width": "8", "epochs": "1"}
    run, _ = train(find_task("control"), f"{own}:Slow", words, duration="3s", out=tmp_path / "runs", quiet=True)
    played = run.folder.record["played"]
    assert played["environments"] * played["turns"] * 0.004 < 1  # 32 of 128 turns each would take 16 seconds
    assert "they were cut after" in (run.path / "report.html").read_text(encoding="utf-8")
    world = found(f"{own}:Endless")
    returns, lengths, alive = measuring.episodes(world, load(run).agent.likeliest, [1, 2], deadline=0.0)
    assert (len(returns), lengths.tolist(), alive.all()) == (2, [1, 1], True)


@pytest.mark.parametrize(("package", "hint"), [("box2d", "onward\\[games\\]"), ("mujoco", "\\)\\. Install it")])
def test_a_missing_package_gets_a_sentence(package: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import gymnasium

    def make(*words: Any, **more: Any) -> Any:
        raise gymnasium.error.DependencyNotInstalled(f'It is not here, run `pip install "gymnasium[{package}]"`')

    monkeypatch.setattr(gymnasium, "make", make)
    with pytest.raises(MachineFault, match=f"gymnasium.{package}.*{hint}"):
        found("LunarLander-v3")


def tiny(address: str, place: Path, steps: int = 2, **settings: str) -> tuple[Run, Any]:
    words = {"environments": "3", "turns": "16", "width": "8", "epochs": "1", **settings}
    return train(find_task("control"), address, words, steps=steps, out=place / "runs", quiet=True)


def test_rewards_that_stop_being_numbers_stop_the_run(own: Path, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="nan"):
        tiny(f"{own}:LateNoReward", tmp_path, steps=2000, environments="16", turns="64", epochs="1", batch_size="1024")


def test_a_score_is_not_made_of_rewards_that_are_no_numbers(own: Path, tmp_path: Path) -> None:
    run, _ = tiny(f"{own}:Own", tmp_path)
    with pytest.raises(DataFault, match="gave the reward nan"):
        list(measuring.evaluate(load(run), replace(found(f"{own}:Own"), make=no_reward(own)), 10.0))


def no_reward(own: Path) -> Any:
    found(f"{own}:Own")
    return vars(sys.modules["onward_own_own"])["NoReward"]


def test_what_cannot_be_drawn_is_learned_all_the_same(own: Path, tmp_path: Path) -> None:
    run, _ = tiny(f"{own}:Blind", tmp_path)
    assert run.folder.status() == "finished"
    assert "no window" in (run.path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(DataFault, match="cannot be drawn"):
        apply(run.folder, (), {"episodes": 1}, tmp_path / "out")


@pytest.mark.parametrize("name", ["CartPole-v1", "LunarLander-v3", "own.py:Own", "own.py:Two", "Pendulum-v1"])
def test_environments_are_put_back_to_the_bit(name: str, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    world, chance = found(name), np.random.default_rng(0)
    first = world.parallel(3, seed=4)
    for _ in range(150):
        first.step(world.spaces.choice.any(3, chance))
    state = first.state_dict()
    second = world.parallel(3, seed=4)
    second.load_state_dict(state)
    for _ in range(150):
        actions = world.spaces.choice.any(3, chance)
        for one, other in zip(first.step(actions), second.step(actions), strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_does_not_replay_is_begun_anew(own: Path) -> None:
    world = found(f"{own}:Unsteady")
    first: Any = world.parallel(2, seed=0)
    for _ in range(7):
        first.step(world.spaces.choice.any(2, np.random.default_rng(0)))
    second: Any = world.parallel(2, seed=0)
    second.load_state_dict(first.state_dict())
    assert second.has_strayed
    second.step(world.spaces.choice.any(2, np.random.default_rng(0)))


def test_code_that_only_a_run_names_is_not_run(own: Path, tmp_path: Path) -> None:
    run, _ = tiny(f"{own}:Own", tmp_path)
    evaluate(run.folder)  # the user named it for training
    other = tmp_path / "setup.py"
    other.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'was run')!r}).touch()\n{OWN}")
    told = (run.path / "run.json").read_text()
    (run.path / "run.json").write_text(told.replace(f"{own}:Own", f"{other}:Own"))
    for use in (evaluate, lambda folder: resume(folder, "+1s"), lambda folder: apply(folder, (), {}, tmp_path / "out")):
        with pytest.raises(DataFault, match=r"setup.py was never named here.*onward doctor .*setup.py:Own") as fault:
            use(Folder(run.path))
        assert "\n" not in str(fault.value)
    assert not (tmp_path / "was run").exists()
    doctor(f"{other}:Own")
    with pytest.raises(DataFault, match="its content changed"):  # it may be read by now, but is not what was learned
        evaluate(Folder(run.path))
    assert (tmp_path / "was run").exists()
    own.write_text(OWN + "# other code\n")
    (run.path / "run.json").write_text(told)
    with pytest.raises(DataFault, match="has changed since it was named here, and only a run names it"):
        evaluate(Folder(run.path))
