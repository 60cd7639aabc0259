"""Going through a sweep: round after round, within its time, from wherever it was left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from onward.core.budget import spoken_duration
from onward.core.faults import Fault, RunFault
from onward.core.folder import Folder, Lock
from onward.sweep.figures import CHOSEN_BY, figure_of
from onward.sweep.halving import FEWEST_SECONDS, rounds, seconds_each
from onward.sweep.record import Record, Trial
from onward.sweep.space import Choice, drawn
from onward.sweep.workers import Workers, still_goes

__all__ = ["Sweep", "has_ended", "is_late", "logs_of", "refuse_nothing", "spoken"]

_TIMES_BEGUN = 3  # a trial whose process was killed is begun again, but not for ever
_SAVED_EVERY_SECONDS = 2.0
_LEAST_SECONDS = 0.8 * FEWEST_SECONDS  # a trial is not begun with less, though it was planned with more
_END_SHARE, _END_SECONDS = 0.03, 1.0  # of the time, kept for the table
_LOOKED_EVERY_SECONDS = 0.2


class Sweep:
    """A sweep on its way.

    Args:
        record: what it has come to so far.
        space: what may be drawn.
        workers: who trains.
        say: is told of each trial that has ended.
        started_at: when its time began, by the monotonic clock.
    """

    def __init__(
        self, record: Record, space: list[Choice], workers: Workers, say: Callable[[str], None], started_at: float
    ) -> None:
        self._record, self._space, self._workers, self._say = record, space, workers, say
        self._began = started_at - record.spent_seconds
        self._runs = record.path.parent
        self._orphans: dict[str, Trial] = {}
        self._going: set[str] = set()

    def go(self) -> None:
        """Go through all rounds; whatever happens, what is known by then is written down.

        Raises:
            RunFault: no trial came to anything.
        """
        sizes = rounds(self._record.plan.trials)
        try:
            for number, size in enumerate(sizes):
                if not any(self._record.of_round(number)):
                    self._record.trials += self._next(number, size)
                self._plan_seconds(number, sizes)
                if not self._go_through(number) or not self._record.by_merit(self._record.of_round(number)):
                    break
        finally:
            self._workers.close()
            self._stop_orphans()
            self._save()
        refuse_nothing(self._record)

    @property
    def left(self) -> float:
        """Give the seconds left for training."""
        return _left(self._record.plan.seconds, time.monotonic() - self._began)

    def _next(self, number: int, size: int) -> list[Trial]:
        """Give the trials of a round: all at first, then the best, and the task's own settings in any case."""
        chosen = list(range(size))
        if number > 0:
            chosen = [trial.number for trial in self._record.by_merit(self._record.of_round(number - 1))]
            chosen = chosen[:size] if 0 in chosen[:size] or 0 not in chosen else [*chosen[: size - 1], 0]
        words = {which: dict(drawn(self._space, which, self._record.plan.seed)) for which in chosen}
        stem = self._record.path.name
        return [Trial(which, number, f"{stem}-{which:02d}.{number}", words[which], 0.0) for which in chosen]

    def _plan_seconds(self, number: int, sizes: list[int]) -> None:
        """Give every trial that waits the same part of the time left; never more than one was planned before."""
        waiting = [trial for trial in self._record.of_round(number) if trial.state == "waiting"]
        if not waiting:
            return
        each = seconds_each(self.left, [len(waiting), *sizes[number + 1 :]], self._record.plan.workers)
        for trial in waiting:
            trial.seconds = round(min(each, trial.seconds or each), 1)
        self._say(f"Round {number + 1} of {len(sizes)}: {len(waiting)} trials of {spoken_duration(each)} each.")
        self._save()

    def _go_through(self, number: int) -> bool:
        """Have a round's trials trained; say whether they all ended in time."""
        trials = {trial.name: trial for trial in self._record.of_round(number)}
        waiting = [trial for trial in trials.values() if trial.state == "waiting" and not self._is_taken_over(trial)]
        saved_at, most = time.monotonic(), self._record.plan.workers
        while waiting or self._going:
            while waiting and self._workers.has_room() and len(self._going) < most:
                self._set_going(waiting.pop(0))
            for name, code, why in [*self._workers.ended(), *self._orphans_ended()]:
                self._going.discard(name)
                if self._has_to_wait(trials[name], code, why):
                    waiting.append(trials[name])
            if self.left < -_END_SECONDS and self._going:
                for name in self._going:  # it is ended, and there is no further round, whose room it would take
                    trials[name].state, trials[name].why = "failed", "it took more than its time"
                return False
            if time.monotonic() - saved_at > _SAVED_EVERY_SECONDS:
                self._save()
                saved_at = time.monotonic()
            time.sleep(_LOOKED_EVERY_SECONDS)
        self._save()
        return True

    def _set_going(self, trial: Trial) -> None:
        """Begin a trial, unless no time is left for it, or its name is another run's."""
        if min(trial.seconds, self.left) < _LEAST_SECONDS:
            trial.state, trial.why = "failed", "no time was left"
            return
        if trial.begun == 0 and (self._runs / trial.name).exists():
            trial.state, trial.why = "failed", "a run of that name is there, and not this sweep's"
            return
        self._begin(trial)
        self._going.add(trial.name)

    def _is_taken_over(self, trial: Trial) -> bool:
        """Take a trial over from a sweep that was killed while its runs went on, if it still goes on or has ended."""
        if trial.begun == 0 or not (self._is_finished(trial.name) or self._goes(trial.name)):
            return False
        self._orphans[trial.name] = trial
        self._going.add(trial.name)
        return True

    def _goes(self, name: str) -> bool:
        """Say whether a process trains a run, or is about to."""
        if Lock.is_held(self._runs / name):
            return True
        return not self._is_finished(name) and still_goes(logs_of(self._record.path) / f"{name}.log")

    def _is_finished(self, name: str) -> bool:
        path = self._runs / name
        return (path / "run.json").exists() and Folder(path).status() == "finished"

    def _stop_orphans(self) -> None:
        """Ask what a killed sweep had begun to stop, as `onward stop` does."""
        for name in self._orphans:
            if self._goes(name) and (self._runs / name / "run.json").exists():
                (self._runs / name / "stop").touch()

    def _begin(self, trial: Trial) -> None:
        """Begin a trial."""
        shutil.rmtree(self._runs / trial.name, ignore_errors=True)  # what a kill left of it
        plan = self._record.plan
        seconds = min(trial.seconds, self.left)
        words = [plan.task, plan.data, "--time", f"{seconds:.1f}s", "--seed", str(plan.seed)]
        words += ["--as", plan.kind] if plan.kind else []
        for name, value in trial.words.items():
            words += ["--set", f"{name}={value}"]
        trial.begun += 1
        self._save()  # first, so that after a kill the run is known to be this sweep's
        self._workers.begin(words, trial.name)

    def _orphans_ended(self) -> list[tuple[str, int, str]]:
        done = [name for name in self._orphans if not self._goes(name)]
        for name in done:
            del self._orphans[name]
        begun = {name: (self._runs / name / "run.json").exists() for name in done}
        return [(name, 0 if begun[name] else -1, "it ended while nobody looked") for name in done]

    def _has_to_wait(self, trial: Trial, code: int, why: str) -> bool:
        """Settle a trial that has ended; say whether it has to begin again."""
        found = None
        try:
            folder: Folder | None = Folder(self._runs / trial.name)
        except Fault:
            folder = None
        if folder is not None and folder.status() == "finished":
            by = self._record.plan.by or self._record.by
            found = figure_of(folder, by)
            by = by or CHOSEN_BY.get(self._record.plan.task)
            why = f"it logged no {by}" if by else "it has no score to choose by"
            why += "; give more --time, or name a figure or a score with --by"
        elif code < 0 or code == 137 or (folder is not None and folder.status() == "interrupted"):
            if trial.begun < _TIMES_BEGUN:
                self._say(f"Trial {trial.number} was killed and begins again.")
                return True
            why = "it was killed again and again"
        if found is None:
            trial.state, trial.why = "failed", why
        else:
            if found.is_score and not self._record.is_by_score:
                self._say(
                    f"Trials are chosen by {found.name}, a score of the test, which is then no honest test any more."
                )
            self._record.by, self._record.more_is_better = found.name, found.more_is_better
            self._record.is_by_score = found.is_score
            trial.state, trial.figure = "finished", found.value
        told = f"{found.name} {found.value:.4g}" if found else f"failed: {why}"
        self._say(f"Trial {trial.number} ({spoken(trial)}): {told}")
        self._save()
        return False

    def _save(self) -> None:
        self._record.spent_seconds = round(time.monotonic() - self._began, 1)
        self._record.save()


def _left(seconds: float, spent: float) -> float:
    """Give the seconds left for training, when so many are spent."""
    return seconds - max(_END_SECONDS, _END_SHARE * seconds) - spent


def is_late(record: Record) -> bool:
    """Say whether the time of a sweep is over: no trial is begun any more."""
    return _left(record.plan.seconds, record.spent_seconds) < _LEAST_SECONDS


def has_ended(record: Record) -> bool:
    """Say whether nothing of a sweep is left to do: no trial waits, and no round comes after the last."""
    if not record.trials or any(trial.state == "waiting" for trial in record.trials):
        return False
    for number in range(len(rounds(record.plan.trials))):
        if not any(record.of_round(number)):
            return is_late(record)
        if not record.by_merit(record.of_round(number)):  # nothing came to anything, so nothing goes on
            return True
    return True


def refuse_nothing(record: Record) -> None:
    """Refuse to go on without a trial that came to anything.

    Raises:
        RunFault: there is none.
    """
    first = list(record.of_round(0))
    if not record.by_merit(iter(first)):
        why = next((trial.why for trial in first if trial.why), "no time was left")
        raise RunFault(f"No trial of {record.plan.task} on {record.plan.data} came to anything: {why}")


def spoken(trial: Trial) -> str:
    """Say a trial's settings."""
    return ", ".join(f"{name} {value}" for name, value in trial.words.items()) or "the task's own settings"


def logs_of(path: Path) -> Path:
    """Give (and make) the folder for what the runs of a sweep say."""
    place = path / "logs"
    place.mkdir(parents=True, exist_ok=True)
    return place
