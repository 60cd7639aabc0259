"""What the studio, several machines, ejected scripts and hardening were to show."""

from __future__ import annotations

from benchmarks.targets.reading import Target, cell, ratio, share

__all__ = ["WHOLE"]

_ALL = {"what": "all"}


def _is_none(text: str) -> bool:
    return text == "none"


WHOLE = (
    Target(
        "studio",
        "1,000 runs listed in less than 1 s",
        cell("studio", "measured", {"what": "1,000 runs listed for the first time"}),
        most=1,
    ),
    Target(
        "studio",
        "1,000 runs on the page, in Chromium, in less than 1 s",
        cell("studio", "measured", {"what": "1,000 listed on the page, in Chromium"}),
        most=1,
        tried="rows are made a hundred at a time (5.3 s before that, on the same busy core)",
    ),
    Target(
        "studio",
        "a page that watches a run takes less than 2 % of a core",
        cell("studio", "measured", {"what": "the studio's share of a core while a page watches a run"}),
        most=2,
    ),
    Target(
        "studio",
        "all hostile requests refused",
        cell("studio", "measured", {"what": "hostile requests refused"}),
        least=61,
    ),
    Target(
        "core",
        "every task killed at random instants, 200 times in all",
        cell("chaos", "SIGKILL", _ALL, beside=["other signals", "ends"]),
        least=200,
    ),
    Target("core", "the same: no run lost", cell("chaos", "runs lost", _ALL), most=0),
    Target(
        "core",
        "the same: no end that differs",
        cell("chaos", "ends that differ", _ALL),
        most=0,
    ),
    Target(
        "core",
        "the same: no traceback",
        cell("chaos", "tracebacks", _ALL),
        most=0,
        tried="a Ctrl-C before the program begins, in what the benchmark puts there",
    ),
    Target(
        "core",
        "a full disk, a folder that is read only, two at one run, jumps of the clock, little memory, 8 busy neighbours",
        share("chaos_rooms", "of them not as it has to be", _is_none),
        1,
    ),
    Target(
        "core",
        "broken inputs for every reader: no traceback, no hang, no more than 1 GiB",
        cell("fuzz", "tracebacks, hangs, > 1 GiB", {"reader": "all"}, beside=["broken inputs"]),
        most=0,
    ),
    *(
        Target(
            "group",
            f"two processes learn {task} 1.7x as fast as one, each on a core",
            cell("many", "faster", {"task": task}, beside=["apart in the end", "last loss"]),
            least=1.7,
            tried=(
                "1.06x to 1.37x by gloo, whose thread took 1 to 3 ms a message; a socket takes .05. What is left: "
                "half a batch alone takes .5 (classify) to .8 (translate) of a whole one's time. The section says how "
                "many more examples a second two take in than one with a share of its own"
            ),
        )
        for task in ("gan", "classify", "detect", "language-model", "translate")
    ),
    Target("group", "two processes learn what one does with the doubled batch", held_by="tests/group/test_group.py"),
    *(
        Target(
            "eject",
            f"the script of {task} comes to what its run came to, within 3 %: {figure}",
            ratio(cell("eject", "script", {"task": task}), cell("eject", "run", {"task": task}), 3),
            least=0.97,
            most=1.03,
            tried="gan's intervals overlap, and the script is the better one" if task == "gan" else "",
        )
        for task, figure in (
            ("gan", "distance"),
            ("language-model", "bits a character"),
            ("classify", "test accuracy"),
        )
    ),
)
