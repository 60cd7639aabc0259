"""Few labels: each method by hand, what folders and tables say, and a learning test with its sabotage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from onward.broad.semi.alignment import aligned, expected_shares
from onward.broad.semi.augmenting import strong_view, weak_view
from onward.broad.semi.choosing import Material, Tally, folds_of, units_of
from onward.broad.semi.fixmatch import Thresholds
from onward.broad.semi.folders import NOBODY, told_by_folders
from onward.broad.semi.label_next import propose, typical
from onward.broad.semi.linear import fit_head, learned_space
from onward.broad.semi.reading import read
from onward.broad.semi.self_training import class_thresholds
from onward.broad.semi.settings import Settings
from onward.broad.semi.spreading import neighbours, normalised_graph, spread_labels
from onward.core.faults import DataFault, RunFault
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.loading import load_model
from onward.verbs.resume import resume
from onward.verbs.train import train


def _album(place: Path, **settings: object):
    return read(Source((str(place),)), Settings(size=16, **settings))  # type: ignore[arg-type]


def _rings(count: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make two bent bands that no line parts, each connected in itself: three numbers a point, of length 1."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    angle = np.linspace(0, np.pi, count)
    middle = np.where(
        labels[:, None] == 0,
        np.stack([np.cos(angle), np.sin(angle)], axis=1),
        np.stack([1 - np.cos(angle), 0.4 - np.sin(angle)], axis=1),
    )
    points = middle - np.array([0.5, 0.2]) + 0.03 * chance.normal(size=(count, 2))
    lifted = np.concatenate([points, np.full((count, 1), 1.0)], axis=1).astype(np.float32)
    return lifted / np.linalg.norm(lifted, axis=1, keepdims=True), labels


# the methods


def test_labels_spread_along_what_is_connected() -> None:
    x, labels = _rings()
    given = np.zeros((300, 2), np.float32)
    given[[0, 1], [0, 1]] = 1  # one label a class
    told = spread_labels(normalised_graph(*neighbours(x, 6)), given, alpha=0.999, rounds=2000).argmax(axis=1)
    straight = fit_head(x[:2], np.eye(2, dtype=np.float32), strength=10).logits(x).argmax(axis=1)
    assert (told == labels).mean() > 0.97
    assert (straight == labels).mean() < 0.9


def test_spreading_ends_where_the_paper_says() -> None:
    x, _ = _rings(60)
    graph = normalised_graph(*neighbours(x, 5))
    given = np.zeros((60, 2), np.float32)
    given[[0, 1], [0, 1]] = 1
    told = spread_labels(graph, given, alpha=0.9, rounds=300)
    exact = 0.1 * np.linalg.solve(np.eye(60) - 0.9 * graph.toarray(), given)  # F* = (1 - a)(I - a S)^-1 Y
    assert np.allclose(told, exact, atol=1e-5)
    assert np.allclose(graph.toarray(), graph.toarray().T, atol=1e-6)


def test_nobody_is_their_own_neighbour_even_among_equals() -> None:
    x = np.ones((5, 2), np.float32) / 2**0.5
    places, _ = neighbours(x, 10)
    assert places.shape == (5, 4)
    assert all(row not in places[row] for row in range(5))


def test_aligned_guesses_have_the_prior() -> None:
    guesses = np.random.default_rng(0).dirichlet([5, 1, 1], 500).astype(np.float32)
    shares = np.array([0.2, 0.3, 0.5], np.float32)
    assert np.allclose(aligned(guesses, shares, rounds=100).mean(axis=0), shares, atol=1e-3)


def test_few_labels_say_little_about_shares() -> None:
    few = expected_shares(np.array([0] * 3 + [1]), 2)
    many = expected_shares(np.array([0] * 3000 + [1] * 1000), 2)
    assert 0.5 < few[0] < 0.6
    assert many[0] == pytest.approx(0.75, abs=0.01)


def test_a_class_learned_late_has_a_lower_threshold() -> None:
    thresholds = class_thresholds(0.9, np.array([0.5, 0.25, 0.25], np.float32))
    assert thresholds.tolist() == pytest.approx([0.9, 0.45, 0.45])


def test_thresholds_of_fixmatch_and_of_freematch() -> None:
    told = torch.tensor([[0.96, 0.04], [0.4, 0.6], [0.94, 0.06]])
    assert Thresholds(2, 0.95).passed(told).tolist() == [1.0, 0.0, 0.0]
    adaptive = Thresholds(2, None)
    for _ in range(3000):
        passed = adaptive.passed(told)
    assert passed.tolist() == [1.0, 1.0, 1.0]  # the rarer class has a lower one
    early = Thresholds(2, None)
    for _ in range(20):
        early.passed(told)
    assert float(early.sure) > 0.8  # a short run's thresholds follow it too
    assert float(adaptive.sure) == pytest.approx((0.96 + 0.6 + 0.94) / 3, abs=0.03)


def test_a_head_is_what_scikit_learn_finds() -> None:
    from sklearn.linear_model import LogisticRegression

    chance = np.random.default_rng(0)
    labels = np.arange(90) % 3
    x = (chance.normal(size=(90, 5)) + np.eye(3, 5)[labels]).astype(np.float32)
    ours = fit_head(x, np.eye(3, dtype=np.float32)[labels], strength=2.0)
    theirs = LogisticRegression(C=2.0, max_iter=1000, tol=1e-8).fit(x, labels)
    assert np.allclose(ours.tell(x), theirs.predict_proba(x), atol=5e-3)


def test_weights_count_like_copies() -> None:
    x, labels = _rings(20)
    targets = np.eye(2, dtype=np.float32)[labels]
    weights = np.where(np.arange(20) < 5, 3.0, 1.0).astype(np.float32)
    rows = np.concatenate([np.repeat(np.arange(5), 3), np.arange(5, 20)])
    assert np.allclose(fit_head(x, targets, weights).tell(x), fit_head(x[rows], targets[rows]).tell(x), atol=5e-3)


def test_views_are_of_one_picture_and_can_be_made_again() -> None:
    picture = torch.rand(3, 20, 24) * 2 - 1
    for view in (weak_view, strong_view):
        found = view(picture, 3)
        assert found.shape == picture.shape
        assert float(found.abs().max()) <= 1
        assert torch.equal(found, view(picture, 3))
    assert not torch.equal(strong_view(picture, 3), strong_view(picture, 4))


# choosing


def test_folds_part_every_class() -> None:
    labels = np.repeat(np.arange(3), [8, 4, 1])
    dealt = folds_of(labels, seed=0)
    assert dealt[-1] == -1
    for known, asked in units_of(labels, seed=0):
        assert not set(known) & set(asked)
        assert set(labels[known]) == {0, 1, 2}
        assert len(known) + len(asked) == 13


def test_labels_alone_are_kept_unless_something_is_better() -> None:
    assert Tally({"supervised": [3, 3], "spreading": [3, 3]}, [5, 5]).best() == "supervised"
    assert Tally({"supervised": [3, 3], "spreading": [3, 4]}, [5, 5]).best() == "spreading"


def test_labels_spread_better_than_a_line_and_not_with_a_shuffled_pool() -> None:
    x, labels = _rings(400)
    few = np.r_[0:400:40, 1:400:40]
    order = np.concatenate([few, np.setdiff1d(np.arange(400), few)])
    x, labels = x[order], labels[order]

    def right(x: np.ndarray) -> tuple[float, float]:
        made, known = Material(x, x, x, labels[:20], 2), np.arange(20)
        alone = made.heads(known, ("supervised",))["supervised"].logits(x)
        spread, straight = (each.argmax(axis=1)[20:] == labels[20:] for each in (made.spread(known), alone))
        return float(spread.mean()), float(straight.mean())

    spread, straight = right(x)
    assert spread > 0.97
    assert spread > straight + 0.05
    shuffled = np.concatenate([x[:20], np.random.default_rng(0).permutation(x[20:])])
    assert right(shuffled)[0] < 0.7


# what to label next


def test_typical_pictures_of_groups_without_a_label() -> None:
    chance = np.random.default_rng(0)
    groups = np.repeat(np.arange(4), 25)
    x = (np.eye(4, 8)[groups] + 0.1 * chance.normal(size=(100, 8))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    order = np.r_[[0, 25], np.setdiff1d(np.arange(100), [0, 25])]  # a label in the first two groups
    chosen = typical(x[order], labelled=2, count=2)
    assert {int(groups[order][each.row]) for each in chosen} == {2, 3}
    everything = propose(x, 0, None, 4)
    assert {int(groups[each.row]) for each in everything} == {0, 1, 2, 3}


def test_doubt_comes_after_what_is_typical() -> None:
    x, _ = _rings(40)
    told = np.full((40, 2), 0.5, np.float32)
    told[:, 0] = np.linspace(0.51, 0.99, 40)
    told[:, 1] = 1 - told[:, 0]
    chosen = propose(x, 4, told, 6)
    assert [each.short.split()[0] for each in chosen] == ["typical"] * 3 + ["in"] * 3
    assert len({each.row for each in chosen}) == 6
    assert min(each.row for each in chosen) >= 4


def test_equal_pictures_and_few_are_no_trouble() -> None:
    x = np.ones((6, 3), np.float32) / 3**0.5
    assert len(propose(x, 2, None, 10)) == 4
    assert propose(x, 6, None, 3) == []
    assert np.isfinite(learned_space(np.ones((4, 7), np.float32), 16).of(np.ones((4, 7), np.float32))).all()


# folders, tables and what is wrong with them


def test_folders_in_all_their_ways() -> None:
    for names in (
        ["a/x.png", "b/x.png", "unlabelled/x.png"],
        ["top/labelled/a/x.png", "top/labelled/b/x.png", "top/Unlabeled/deep/x.png"],
        ["labeled/a/x.png", "labeled/ b /x.png", "no_label/x.png"],
    ):
        labels, classes, parts = told_by_folders(names)
        assert labels.tolist() == [0, 1, NOBODY]
        assert classes == ("a", "b")
        assert parts is None
    _, _, parts = told_by_folders(["train/a/1.png", "test/a/1.png", "train/unlabelled/1.png"])
    assert parts == ("train", "test", "train")


def test_a_csv_with_blanks(few_labels: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    lines = ["path,label"]
    for path in sorted(few_labels.rglob("*.png")):
        shutil.copy(path, flat / path.name)
        lines.append(f"{path.name},{'  ' if path.parent.name == 'unlabelled' else ' ' + path.parent.name + ' '}")
    (flat / "labels.csv").write_text("\n".join(lines[:-2]) + "\n")  # two have no line at all
    by_table, by_folder = _album(flat / "labels.csv"), _album(few_labels)
    assert by_table.classes == by_folder.classes == ("across", "down", "spots")
    assert len(by_table.labelled) == len(by_folder.labelled) == 15
    assert len(by_table.pool) == len(by_folder.pool) == 45
    assert len(_album(flat).labelled) == 15


def test_the_pool_never_holds_test_pictures(few_labels: Path) -> None:
    for kind in ("across", "down", "spots"):
        (few_labels / "test" / kind).mkdir(parents=True)
        first = sorted((few_labels / kind).iterdir())[0]
        shutil.move(first, few_labels / "test" / kind / first.name)
    first = sorted((few_labels / "test" / "down").iterdir())[0]
    shutil.copy(first, few_labels / "unlabelled" / "copy.png")
    for kind in ("across", "down", "spots"):
        (few_labels / "train").mkdir(exist_ok=True)
        shutil.move(few_labels / kind, few_labels / "train" / kind)
    album = _album(few_labels)
    assert (len(album.labelled), len(album.pool), len(album.testing)) == (12, 45, 3)
    assert any("also for the test" in note for note in album.findings())


def test_one_picture_with_two_labels_and_one_on_both_sides(few_labels: Path) -> None:
    shutil.copy(sorted((few_labels / "down").iterdir())[0], few_labels / "spots" / "same.png")
    shutil.copy(sorted((few_labels / "across").iterdir())[0], few_labels / "unlabelled" / "same.png")
    album = _album(few_labels)
    assert len(album.labelled) == 14
    assert len(album.pool) == 45
    assert any("two classes" in note for note in album.findings())


def test_what_cannot_serve_is_a_sentence(few_labels: Path, tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="none of its 45 pictures has a label"):
        _album(few_labels / "unlabelled")
    shutil.rmtree(few_labels / "down")
    shutil.rmtree(few_labels / "spots")
    with pytest.raises(DataFault, match="one class only"):
        _album(few_labels)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataFault):
        _album(tmp_path / "empty")


def test_odd_and_broken_pictures_are_left_out_or_read(few_labels: Path) -> None:
    place = few_labels / "unlabelled"
    (place / "broken.png").write_bytes(b"\xff" * 999)
    (place / "empty.jpg").write_bytes(b"")
    Image.new("L", (1, 40)).save(place / "thin.png")
    Image.new("RGBA", (30, 17)).save(place / "alpha.png")
    Image.new("CMYK", (30, 17)).save(place / "cmyk.jpg")
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(place / "deep.png")
    album = _album(few_labels)
    assert len(album.pictures.unreadable) == 2
    assert 45 < len(album.pool) <= 49


def test_labels_hidden_on_request(class_folder: Path) -> None:
    album = _album(class_folder, labels=2)
    other = _album(class_folder, labels=2, draw=1)
    assert np.bincount(album.labels).tolist() == [2, 2, 2]
    assert len(album.testing) == 18
    assert len(album.labelled) + len(album.pool) + len(album.testing) == 90
    assert set(album.testing) == set(other.testing)
    assert set(album.labelled) != set(other.labelled)
    assert (album.hidden[album.pool] != NOBODY).all()
    assert (album.pictures.labels[album.pool] == NOBODY).all()


# the whole


def _trained(folder: Path, place: Path, steps: int = 8, **settings: str):
    words = {"size": "16", "side": "48", **settings}
    return train(find_task("semi"), str(folder), words, steps=steps, out=place, quiet=True)


def test_it_leaves_what_it_promises(few_labels: Path, tmp_path: Path) -> None:
    (few_labels / "spots").rename(few_labels / "aside")
    (few_labels / "spots").mkdir()
    for path in sorted((few_labels / "aside").iterdir())[:1]:  # a class with one label
        shutil.move(path, few_labels / "spots" / path.name)
    shutil.rmtree(few_labels / "aside")
    run, scores = _trained(few_labels, tmp_path / "runs", next_="5")
    assert len((run.path / "label_next.csv").read_text().splitlines()) == 6
    assert scores[0].baseline.name == "labels alone, same features"
    apply(run.folder, (str(few_labels / "unlabelled"),), {"next_": 3}, tmp_path / "out")
    lines = (tmp_path / "out" / "predictions.csv").read_text().splitlines()
    assert lines[0] == "path,label,probability"
    assert len(lines) == 46
    assert (tmp_path / "out" / "label-next.png").exists()
    run.folder.update(classifier={**run.folder.record["classifier"], "dimensions": 10**9})
    with pytest.raises(RunFault):
        load_model(run.folder)


def test_fixmatch_learns_and_learns_nothing_without_a_rate(few_labels: Path, tmp_path: Path) -> None:
    """Trained for a moment it tells what it was shown and most of the pool; with no learning rate it does not."""
    words = {"backbone": "none", "width": "8", "batch_size": "12", "ratio": "1"}
    told = {}
    for name, steps, rate in (("good", 60, "0.03"), ("bad", 5, "0.000001")):
        run, scores = _trained(few_labels, tmp_path / name, steps=steps, learning_rate=rate, **words)
        model, pool = load_model(run.folder), _album(few_labels).pool
        pictures = _album(few_labels).pictures
        guesses = model.judge(model.look(pictures.images[pool])).argmax(axis=1)
        truth = np.array([int(Path(pictures.names[place]).stem) // 30 for place in pool])  # thirty of each kind
        told[name] = (scores[0].value, float((guesses == truth).mean()))
    assert told["good"][0] > 0.8
    assert told["good"][1] > 0.5
    assert told["bad"][0] < 0.7
    assert told["bad"][1] < 0.5


def test_the_last_blocks_are_tuned_where_it_can_be_judged(
    class_folder: Path, tmp_path: Path, the_rest_goes_by: Callable[[int], None]
) -> None:
    """Labels are many enough here: some are hidden, the eyes learn, and what knows more of the hidden ones is kept."""
    run, scores = _trained(class_folder, tmp_path / "runs", steps=34, labels="12", method="spreading")
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert any("hidden labels, " in note and "before" in note for note in notes)
    before = load_model(run.folder)
    assert before.alone is not None
    assert scores[0].value > 0.5
    the_rest_goes_by(run.steps_done)
    resume(Folder(run.path), "+4s", quiet=True)


def test_no_more_is_asked_than_is_needed(class_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question costs what tuning could use: once enough hidden labels were asked, asking ends."""
    asked = {}
    for most in (10**6, 20):
        monkeypatch.setattr("onward.broad.semi.training._ENOUGH_ASKED", most)
        run, _ = _trained(class_folder, tmp_path / str(most), steps=34, labels="12", method="auto", unfreeze="no")
        asked[most] = run.folder.record["classifier"]["asked"]
    assert 20 <= asked[20] < asked[10**6]


def test_which_pictures_first_before_there_is_any_label(few_labels: Path, tmp_path: Path) -> None:
    written = apply(find_task("semi"), (str(few_labels / "unlabelled"),), {"next_": 6}, tmp_path / "out")
    assert {path.name for path in written} == {"label-next.png", "label_next.csv"}
    lines = (tmp_path / "out" / "label_next.csv").read_text().splitlines()
    assert lines[0] == "path,why"
    assert len(lines) == 7
