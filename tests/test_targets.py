"""The table of everything says what its sections say."""

from __future__ import annotations

import pytest

from benchmarks.results import PAGE
from benchmarks.targets import PATHS, README, readme_table, whole_table
from benchmarks.targets.reading import Section, cell, number_in, ratio, sections_of, share
from onward.tasks import list_tasks

ROOT = README.parent
TOLD = """<!-- one -->
## One

`python -m benchmarks one` on 1 core(s), a processor, 2026-11-29

| minutes | theirs / ours | kept |
|---|---|---|
| 5 | 2.0 / 1.0 | yes |
| 10 | 1.8 / not run | no |
<!-- /one -->
"""


@pytest.fixture
def sections() -> dict[str, Section]:
    return sections_of(TOLD)


def test_cells_are_found_by_their_row(sections: dict[str, Section]) -> None:
    assert (sections["one"].machine, sections["one"].day) == ("1 core(s), a processor", "2026-11-29")
    ours = cell("none one", "theirs / ours", {"minutes": "5"}, 1)
    found = ours(sections)
    assert found is not None
    assert (found.text, found.value, found.beside) == ("1.0", 1.0, "the peer 2.0")
    assert cell("one", "theirs / ours", {"minutes": "10"}, 1)(sections) is None, "a word is no figure"
    assert cell("none", "theirs / ours", {})(sections) is None, "what has no section is not measured"
    quotient = ratio(cell("one", "theirs / ours", {"minutes": "5"}, 0), ours)(sections)
    assert quotient is not None
    assert quotient.text == "2.00x"
    kept = share("one", "kept", lambda text: text == "yes")(sections)
    assert kept is not None
    assert (kept.text, kept.value) == ("1 of 2", 0.5)


def test_a_column_that_is_not_there_is_a_mistake(sections: dict[str, Section]) -> None:
    with pytest.raises(KeyError, match="no column"):
        cell("one", "their", {"minutes": "5"})(sections)


@pytest.mark.parametrize(
    ("text", "number"), [("-69.4 % (-69.4 to -69.4)", -69.4), ("1,675 s", 1675), ("4e-16", 4e-16), ("not run", None)]
)
def test_the_first_number_counts(text: str, number: float | None) -> None:
    assert number_in(text) == number


def test_every_task_has_its_targets_and_what_holds_one_is_there() -> None:
    every = [target for targets in PATHS.values() for target in targets]
    assert set(list_tasks()) <= {target.task for target in every}
    assert all((ROOT / target.held_by).is_file() for target in every if target.held_by)
    assert all((ROOT / "docs" / f"{target.task}.md").is_file() for target in every if target.headline)


def test_both_tables_are_as_their_sections_say() -> None:
    """After a benchmark has written a section: python -m benchmarks targets."""
    page = PAGE.read_text(encoding="utf-8")
    sections = sections_of(page)
    assert whole_table(sections) in page
    assert readme_table(sections) in README.read_text(encoding="utf-8")
