"""Run: a folder, a budget, metrics, and the things a checkpoint holds. `run.steps()` is the loop of every task.

    for step in run.steps():          # ends when the budget does
        ...                           # the lines of the paper
        step.log(loss=loss)
        if step.every(50):
            step.show(samples=Picture(pixels))

Between two steps, never inside one, `steps()` saves, writes metrics, obeys Ctrl-C and `onward stop`, and goes back to
the last good checkpoint when a logged figure is not finite. `folder.py` has the files, `checkpoint.py` their format.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from onward.core import randomness
from onward.core.budget import Budget
from onward.core.checkpoint import read_checkpoint, write_checkpoint
from onward.core.exhibits import Exhibit
from onward.core.faults import RunFault, Stopped
from onward.core.folder import Folder
from onward.core.machine import Machine, probe_machine
from onward.core.metrics import Metrics
from onward.core.settings import settings_from_json
from onward.group import Group

__all__ = ["Keepable", "Run", "Step"]

S = TypeVar("S")
_SETBACKS_ALLOWED = 3
_PLATEAU = "plateau"


class Keepable(Protocol):
    """Anything whose state can be taken and put back."""

    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102 - torch's own names
    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...  # noqa: D102


@dataclass
class Step:
    """One turn of the training loop.

    Attributes:
        index: from 0.
        progress: fraction of the budget spent when the step began, 0 to 1.
        is_last: whether the budget allows no further step, as far as steps tell.
    """

    index: int
    progress: float
    run: Run
    is_last: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    is_marked: bool = False

    def every(self, steps: int) -> bool:
        """Say whether this is the first step, each `steps`-th, or the last."""
        return self.index % max(1, steps) == 0 or self.is_last

    def log(self, **facts: Any) -> None:
        """Log figures by name: floats or tensors of one element, which stay tensors until they are written."""
        self.facts |= {name: value.detach() if hasattr(value, "detach") else value for name, value in facts.items()}

    def mark(self, **facts: Any) -> None:
        """Log figures measured now and then, which are written whatever the step's number."""
        self.log(**facts)
        self.is_marked = True

    def show(self, **exhibits: Exhibit) -> None:
        """Write exhibits into the run's `samples/`, named by the step."""
        for name, exhibit in exhibits.items():
            self.run.show(name, exhibit)


class Run:
    """One training: where it lives, what it may spend, and what it keeps.

    Attributes:
        folder: its place on disk and its records.
        budget: what it may spend, over all sittings.
        machine: threads, device and precision.
        group: the processes that learn this together; usually one.
        setbacks: how often it went back because a figure was not finite; tasks lower their learning rate by it.
        tail_seconds: what evaluation, report and saving are thought to need; tasks may raise or lower it.
        cooldown: the last fraction of the budget; a checkpoint from just before it serves a run given more time.
        save_every_seconds: at most this much is lost by a kill.
    """

    def __init__(self, folder: Folder, clock: Callable[[], float] | None = None, group: Group | None = None) -> None:
        self.folder = folder
        self.group = group or Group()
        self.clock = clock or self.group.clock
        record = folder.record
        self.group.parts = int(record.get("processes", 1))
        self.budget = Budget(record["budget"]["seconds"], record["budget"]["steps"])
        self.seed: int = record["seed"]
        self.tail_seconds = 0.0 if self.budget.seconds is None else min(8.0, 0.15 * self.budget.seconds)
        self.cooldown = 0.2
        self.save_every_seconds = 5.0
        self.setbacks = 0
        self.steps_done = 0
        self.stop_requested = False
        self.is_complete = False
        self.on_progress: Callable[[Run], None] | None = None
        self.latest: dict[str, Any] = {}
        self._kept: dict[str, Keepable] = {}
        self._machine: Machine | None = None
        self._metrics: Metrics | None = None
        self._spent_before = 0.0
        self._started = self._saved_at = self.clock()
        self._plateau_saved = self._is_stopping = False

    @property
    def name(self) -> str:
        """Give the run's name, which is its folder's."""
        return self.folder.path.name

    @property
    def path(self) -> Path:
        """Give the run's folder."""
        return self.folder.path

    @property
    def metrics(self) -> Metrics:
        """Give the open `metrics.jsonl`."""
        if self._metrics is None:
            self._metrics = Metrics(self.path / "metrics.jsonl")
        return self._metrics

    @property
    def machine(self) -> Machine:
        """Give the machine's choices: those of the run's first sitting, or probed now."""
        if self._machine is None:
            stored = self.folder.record.get("machine")
            if stored:
                self._machine = Machine(**stored)
            else:
                probed = probe_machine(self.folder.record["device"], timed=self.budget.seconds is not None)
                self._machine = Machine(**self.group.agree(probed.as_json()))
                self.folder.update(machine=self._machine.as_json())
            self._machine.set_up()
        return self._machine

    @property
    def seconds(self) -> float:
        """Give the wall-clock seconds spent, over all sittings."""
        return self._spent_before + self.clock() - self._started

    @property
    def seconds_left(self) -> float:
        """Give the seconds of training left, or infinity when only steps are counted."""
        if self.budget.seconds is None:
            return math.inf
        return max(0.0, self.budget.seconds - self.tail_seconds - self.seconds)

    @property
    def progress(self) -> float:
        """Give the fraction of the budget spent, 0 to 1; 1 when the training ended early."""
        return 1.0 if self.is_complete else self.budget.progress(self.seconds, self.steps_done, self.tail_seconds)

    @property
    def crowding(self) -> float:
        """Give how many seconds a second of work takes beside this machine's other work, 1 to 4, as far as known."""
        return min(4.0, max(1.0, (self.clock() - self._started) / max(time.process_time(), 0.1)))

    def started_at(self, moment: float) -> None:
        """Count the budget from `moment` of the clock, which was before this object was made."""
        self._started = min(self._started, moment)

    def settings(self, kind: type[S]) -> S:
        """Give the settings the run was made with."""
        return settings_from_json(kind, self.folder.settings)

    def keep(self, **things: Keepable) -> None:
        """Name what a checkpoint holds. Call it once, before `steps()`, with everything that changes."""
        self._kept.update(things)

    def finish_early(self, why: str) -> None:
        """End `steps()` after this step although budget is left; say why."""
        self.is_complete = True
        self.note(why)

    def note(self, sentence: str) -> None:
        """Record a sentence for the report: trouble met, a choice made."""
        self.record("note", sentence=sentence)

    def record(self, kind: str, **facts: Any) -> None:
        """Write a line of `metrics.jsonl`."""
        moment = {"step": self.steps_done, "seconds": round(self.seconds, 3), "progress": round(self.progress, 6)}
        self.metrics.append(kind, **moment, **facts)

    def show(self, name: str, exhibit: Exhibit, kind: str = "show") -> Path:
        """Write an exhibit into `samples/`, under the step's number where it is not one of the end."""
        folder = self.path / "samples"
        folder.mkdir(exist_ok=True)
        path = exhibit.write(folder, f"{name}-{self.steps_done:06d}" if kind == "show" else name)
        self.latest["picture"] = path
        self.record(kind, name=name, file=f"samples/{path.name}", caption=exhibit.caption)
        return path

    def steps(self) -> Iterator[Step]:
        """Go on from the newest checkpoint, or begin, until the budget is spent.

        Raises:
            Stopped: Ctrl-C or `onward stop`; everything is saved.
            RunFault: figures were not finite again and again.
        """
        self._restore()
        self._agree()
        while self.steps_done == 0 or (self.progress < 1.0 and not self.is_complete):
            last = self.budget.steps is not None and self.steps_done + 1 >= self.budget.steps
            step = Step(self.steps_done, self.progress, self, last)
            yield step
            if not self._agree(self._is_finite(step)):
                self._go_back(step)
                continue
            if _is_logged(step.index) or last or step.is_marked:
                self.latest["figures"] = {name: float(value) for name, value in step.facts.items()}
                self.record("log", **self.latest["figures"])
            self.steps_done += 1
            self._between_steps()
        self.save()
        self.group.finish()

    def _agree(self, is_finite: bool = True) -> bool:
        """Take the first process's word for clock and time kept, and anybody's wish to stop: a group never parts."""
        self._is_stopping = self.group.any(self.stop_requested)  # writes over no wish that comes up meanwhile
        is_finite, self.tail_seconds = self.group.agree((is_finite, self.tail_seconds))
        return is_finite

    def save(self, label: str | None = None) -> None:
        """Write a checkpoint: kept things, random states, the clock."""
        state = {
            "kept": {name: thing.state_dict() for name, thing in self._kept.items()},
            "random": randomness.capture(),
            "seconds": self.seconds,
            "steps_done": self.steps_done,
            "setbacks": self.setbacks,
            "is_complete": self.is_complete,
            "tail_seconds": self.tail_seconds,
        }
        began = self.clock()
        write_checkpoint(self.folder.checkpoint_path(self.steps_done, label), state)
        self.folder.prune_checkpoints(keep=2)
        self.folder.update(elapsed_seconds=round(self.seconds, 3), steps_done=self.steps_done)
        self.group.agree(None)  # the clock goes on
        self._saved_at = self.clock()
        # saving may cost 2 % of the time at most
        self.save_every_seconds = max(5.0, 50.0 * (self._saved_at - began))

    def load_kept(self, *, label: str | None = None, **things: Keepable) -> None:
        """Fill things from the newest checkpoint (or the one with a label); for a task's `load`.

        Raises:
            RunFault: there is none yet.
        """
        path = self.folder.newest_checkpoint(label)
        if path is None:
            raise RunFault(f"{self.name} has no checkpoint yet. Train it with: onward resume {self.folder.word}")
        kept = read_checkpoint(path)["kept"]
        for name, thing in things.items():
            thing.load_state_dict(kept[name])

    def _restore(self) -> None:
        if (path := self.folder.checkpoint_to_resume()) is not None:
            self._load(read_checkpoint(path))
        self.folder.forget_after(self.steps_done)
        self._saved_at = self.clock()
        if label := self.folder.record.get("resume_from"):  # more time was given, so the old end is no end any more,
            self.is_complete = False
            self.save()  # and a kill from here on loses nothing of what the new time brought
            self.folder.drop_checkpoint(label)
        elif self.group.agree(self.progress < 1 - self.cooldown) and self.folder.newest_checkpoint(_PLATEAU):
            self.folder.drop_checkpoint(_PLATEAU)  # of an end that has moved on

    def _load(self, state: dict[str, Any]) -> None:
        missing = sorted(set(self._kept) - set(state["kept"]))
        if missing:
            raise RunFault(f"{self.name}'s checkpoint lacks {', '.join(missing)}: another version made it. Train anew.")
        for name, thing in self._kept.items():
            thing.load_state_dict(state["kept"][name])
        randomness.restore(state["random"])
        self._spent_before = state["seconds"]
        self.steps_done, self.setbacks = state["steps_done"], state["setbacks"]
        self.is_complete = state.get("is_complete", False)
        self.tail_seconds = max(self.tail_seconds, state.get("tail_seconds", 0.0))

    def _between_steps(self) -> None:
        if self._is_stopping:
            self.save()
            self.group.finish(Stopped.exit_code)
            raise Stopped(
                f"{self.name} is saved at step {self.steps_done}. Go on with: onward resume {self.folder.word}"
            )
        if not self._plateau_saved and self.progress >= 1 - self.cooldown:
            self._plateau_saved = True
            if self.folder.newest_checkpoint(_PLATEAU) is None:
                self.save(_PLATEAU)
        elif self.clock() - self._saved_at > self.save_every_seconds:
            self.save()
        if self.on_progress is not None:
            self.on_progress(self)

    def _is_finite(self, step: Step) -> bool:
        """Look at the figures when they are written or about to be saved; a look costs a wait on some devices."""
        if self.folder.stop_asked():
            self.stop_requested = True
        due = self.clock() - self._saved_at > self.save_every_seconds or self.stop_requested or self.group.parts > 1
        ending = self.progress >= (1.0 if self._plateau_saved else 1 - self.cooldown)  # a group's clock stands still
        if not (_is_logged(step.index) or due or ending or step.is_last or step.is_marked):
            return True
        return all(math.isfinite(float(value)) for value in step.facts.values())

    def _go_back(self, step: Step) -> None:
        setbacks = self.setbacks + 1
        bad = ", ".join(name for name, value in step.facts.items() if not math.isfinite(float(value)))
        path = self.folder.newest_checkpoint()
        if setbacks > _SETBACKS_ALLOWED or path is None:
            words = f"{self.name}: {bad} stopped being finite at step {step.index}, and going back did not help."
            raise RunFault(f"{words} Train anew with a lower learning rate: --set learning_rate=...")
        spent = self.seconds
        self._load(read_checkpoint(path))
        self._spent_before = spent - (self.clock() - self._started)
        self.setbacks = setbacks
        randomness.seed_everything(self.seed + 7919 * setbacks + self.steps_done)  # not into the same trouble again
        self.folder.forget_after(self.steps_done)
        self.note(f"{bad} was not finite at step {step.index}: went back to step {self.steps_done}.")


def _is_logged(index: int) -> bool:
    """Log every step at first, then every tenth, then every hundredth: by number, so that a repeat logs the same."""
    return index < 100 or (index < 2000 and index % 10 == 0) or index % 50 == 0
