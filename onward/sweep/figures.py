"""What the trials of a sweep are chosen by, and whether more or less of it is better. Nothing is guessed from a name.

A task that is not named here, or whose direction depends on the data, declares its figures in its runs' records:
`run.folder.update(higher_is_better={"validation_loss": False})`, the one to choose by first. Else the first score
serves, which is of the test, and is then no honest test any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.faults import UsageFault
from onward.core.folder import Folder
from onward.core.metrics import Score, read_metrics

__all__ = ["CHOSEN_BY", "DECLARED", "Figure", "figure_of"]

# by task: the figure that its trials are chosen by, of data which a trial neither learns from nor is tested on
CHOSEN_BY = {
    "classify": "validation_accuracy",
    "pose": "validation_pixels",
    "detect": "validation_precision",
    "gan": "quality",  # a distance to real pictures
    "forest": "out_of_bag",
    "svm": "best",  # on rows not fitted
    "table": "blend_score",  # of rows left out, by the measure asked for, which says the direction in the run's record
    "kaggle": "blend_score",
    "text-classify": "validation_accuracy",
    "translate": "validation_loss",
    "language-model": "validation_bits_per_byte",
    "control": "mean_return",  # of the episodes learned in; the test plays others
}

# whether more is better, by task; `--by` takes all of these
DECLARED: dict[str, dict[str, bool]] = {
    "classify": {"validation_accuracy": True, "loss": False},
    "pose": {"validation_pixels": False},
    "detect": {"validation_precision": True, "loss": False},
    "gan": {"quality": False, "diversity": True},
    "style": {"style": False, "content": False},
    "forest": {"out_of_bag": True},
    "svm": {"best": True, "score": True},
    "text-classify": {
        "validation_accuracy": True,
        "validation_accuracy_linear": True,
        "validation_accuracy_networks": True,
        "loss": False,
    },
    "translate": {"validation_loss": False, "training_loss": False},
    "language-model": {"validation_bits_per_byte": False, "loss": False},
    "motion": {"pixels_off": False, "loss": False},
    "control": {"mean_return": True},
    "selfplay": {"result_kept_alone": True, "result_kept_searching": True, "value_loss": False, "policy_loss": False},
    "semi": {"supervised_accuracy": True, "loss": False},
    "compress": {"averaged_loss": False, "loss": False, "bits_a_pixel": False, "error_decibels": True},  # of the peak
}


@dataclass(frozen=True)
class Figure:
    """What a trial is chosen by.

    Attributes:
        is_score: whether it is a score of the run's end, so that scores are no honest comparison any more.
    """

    name: str
    value: float
    more_is_better: bool
    is_score: bool


def figure_of(folder: Folder, by: str | None) -> Figure | None:
    """Give what a run is chosen by; None where it logged no such thing.

    The figure of its task, as it was logged last. Only where a task has none, the first score is taken.

    Args:
        by: a figure's or a score's name, where the user says so.
    Raises:
        UsageFault: it was logged, but nobody says whether more of it is better.
    """
    task = str(folder.record["task"])
    own = folder.record.get("higher_is_better")
    own = {name: value is True for name, value in own.items()} if isinstance(own, dict) else {}
    declared = DECLARED.get(task, {}) | own
    name = by or CHOSEN_BY.get(task) or next(iter(own), None)
    logged: dict[str, float] = {}
    for fact in read_metrics(folder.path / "metrics.jsonl", "log"):
        logged |= {key: value for key, value in fact.items() if isinstance(value, float)}
    if name in declared:
        return Figure(name, logged[name], declared[name], is_score=False) if name in logged else None
    scores = [Score.from_json(fact) for fact in read_metrics(folder.path / "metrics.jsonl", "score")]
    for score in scores:
        if name in (None, score.name):
            return Figure(score.name, score.value, score.higher_is_better, is_score=True)
    if name in logged:
        known = sorted({key for key in declared if key in logged} | {score.name for score in scores})
        others = f" Take one of: {', '.join(known)}." if known else ""
        raise UsageFault(f"Nobody says whether more or less {name} is better, so nothing is chosen by it.{others}")
    return None
