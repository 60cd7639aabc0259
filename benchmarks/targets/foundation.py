"""What the program as a whole was to show."""

from __future__ import annotations

from benchmarks.targets.reading import Target, cell, share


def _is_yes(text: str) -> bool:
    return text == "yes"


def _kept(where: dict[str, str]) -> Target:
    asked = f"--time {where['budget, s']} s kept, {where['busy processes beside']} busy processes beside"
    return Target("core", asked, share("budget", "kept", _is_yes, where), 1)


FOUNDATION = (
    Target("core", "a step costs the core at most 50 µs", cell("overhead", "microseconds a step", {}), most=50),
    Target(
        "core",
        "`onward --help` at most .15 processor seconds over bare Python",
        cell("startup", "difference, s", {}),
        most=0.15,
    ),
    *(
        _kept({"budget, s": seconds, "busy processes beside": beside})
        for seconds in ("10", "60", "600")
        for beside in ("0", "4")
    ),
    Target(
        "core",
        "budgets of classify and detect kept, 10 and 60 s, alone and beside 4 busy processes",
        share("budget-vision", "kept", _is_yes),
        1,
        tried="classify on 60,000 pictures decodes them the first time (13 processor seconds; with the cache 9.9 s in "
        "all); detect beside four busy processes needs 14 s",
    ),
    *(
        Target(
            "core",
            f"budgets of every task kept, 10 and 60 s, on one core and with an empty cache: {these}",
            share(f"budget-tasks-{part}", "kept", _is_yes),
            1,
            tried="classify decodes 60,000 pictures the first time; compress on pictures of 768 x 512 has a step and a "
            "measurement of seconds",
        )
        for part, these in (("1", "ten of them"), ("2", "the other nine"))
    ),
    Target(
        "core",
        "every run killed at a random instant ends in the same bits: gan",
        cell("kill", "ended in the same bits", {"task": "gan"}, beside=["kills"]),
        least=20,
    ),
    Target(
        "core",
        "the same: forest",
        cell("kill", "ended in the same bits", {"task": "forest"}, beside=["kills"]),
        least=20,
    ),
    Target(
        "core",
        "the same: classify, from nothing and by transfer",
        share("kill-classify", "ended in the same bits", lambda text: text == "8"),
        1,
    ),
    Target(
        "core",
        "the same: detect",
        cell("kill-detect", "ended in the same bits", {}, beside=["kills"]),
        least=6,
    ),
    Target(
        "core",
        "a finished run given 5 more minutes is no worse than before (distance 1.133)",
        cell("more-time", "half, then as much again", {"task": "gan"}, beside=["half", "planned whole"]),
        most=1.133,
    ),
    Target("core", "every bad input ends in one sentence and exit code 3", held_by="tests/test_contract.py"),
    Target(
        "core",
        "core, cli and verbs at most 2,500 lines, median file at most 180, the map of imports",
        held_by="tests/test_structure.py",
    ),
    Target(
        "core",
        "an empty folder: `make horses` ends within 8 minutes of the installation",
        cell("fresh", "seconds", {"what": "make horses"}),
        most=480,
    ),
    Target(
        "core",
        "an empty folder: `make test` passes, in at most 15 minutes",
        cell("fresh", "seconds", {"what": "make test"}, beside=["ended with"]),
        most=900,
    ),
    Target(
        "core",
        "a wheel in a bare environment passes `onward selftest`",
        cell("fresh", "ended with", {"what": "onward selftest, from the wheel"}, beside=["seconds"]),
        least=0,
        most=0,
    ),
    Target(
        "core",
        "`onward apply zoo:horses --count 64` in at most 6 s",
        cell("fresh", "seconds", {"what": "onward apply zoo:horses --count 64"}),
        most=6,
    ),
    Target("meadow", "500 classify pictures a second", cell("meadow", "samples a second", {"room": "classify"}), 500),
    Target("meadow", "300 detect pictures a second", cell("meadow", "samples a second", {"room": "detect"}), 300),
    Target("meadow", "500 horses a second", cell("meadow", "samples a second", {"room": "horses"}), 500),
)
