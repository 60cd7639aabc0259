"""Members answer as their libraries do, folds keep apart what belongs apart, the blend and the measures are right."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from onward.core.faults import RunFault
from onward.data.table_kinds import as_kind, as_known
from onward.data.tables import Table
from onward.tables.ensemble import members
from onward.tables.ensemble.blend import greedy_weights, nested_answers
from onward.tables.ensemble.challenge import Challenge, Feature, heads_of
from onward.tables.ensemble.course import Course
from onward.tables.ensemble.decisions import class_weights, scored
from onward.tables.ensemble.families.boosting import fit_lightgbm
from onward.tables.ensemble.families.lesson import Lesson, shares_of
from onward.tables.ensemble.folds import make_folds
from onward.tables.ensemble.grove import Grove, from_histograms, from_lightgbm, from_scikit_learn
from onward.tables.ensemble.lineup import known_families, proposals, work_of
from onward.tables.ensemble.measures import find_measure
from onward.tables.ensemble.members import FAMILIES, Spec, fit_member, read_fit, write_fit
from onward.tables.ensemble.pool import Member
from onward.tables.ensemble.recipe import Recipe, make_recipe
from onward.tables.ensemble.views import fit_view

FOLDER = SimpleNamespace(update=lambda **facts: None)  # of a run that is not there


def made(rows: int = 240, kinds: int = 2, seed: int = 0, **more: Any) -> Challenge:
    """Make a challenge with numbers, gaps and a category; y follows the first and the last column."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, 4))
    x[:, 3] = chance.integers(0, 5, rows)
    score = x[:, 0] + 1.5 * (x[:, 3] == 2) + 0.4 * chance.normal(size=rows)
    x[chance.random(x.shape) < 0.05] = np.nan
    y = np.searchsorted(np.quantile(score, np.arange(1, kinds) / kinds), score) if kinds else score
    classes = tuple(f"k{kind}" for kind in range(kinds))
    names = [Feature("a"), Feature("b"), Feature("c"), Feature("d", 6)]
    measure = find_measure("rmse" if not kinds else "auc" if kinds == 2 else "log loss")
    return Challenge(tuple(names), x, y[:, None].astype(float), heads_of([("y", classes)]), measure, "", **more)


def test_our_walk_down_lightgbm_s_trees_is_lightgbm_s() -> None:
    import lightgbm

    chance = np.random.default_rng(0)
    x = chance.random((400, 4))
    x[:, 3] = chance.integers(0, 40, 400)
    y = (x[:, 0] + (x[:, 3] % 3 == 0) + 0.2 * chance.random(400) > 1).astype(int) + (x[:, 1] > 0.8)
    asked = np.concatenate([x, chance.random((100, 4)) * 3])
    asked[:, 3] = np.where(chance.random(500) < 0.1, 50, np.round(asked[:, 3]))
    asked[chance.random(asked.shape) < 0.2] = np.nan
    for gaps in (0.0, 0.1):  # where no cell was empty in training, an empty one counts as 0
        rows = np.where(chance.random(x.shape) < gaps, np.nan, x)
        for objective, width, wanted in (("regression", 1, x[:, 0]), ("multiclass", 3, y)):
            settings = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_data_per_group": 5}
            settings |= {"num_class": 3} if width > 1 else {}
            made_of = lightgbm.train(settings, lightgbm.Dataset(rows, wanted, categorical_feature=[3]), 8)
            grove = from_lightgbm(made_of.model_to_string(), width)
            grove.check(4, width)
            theirs = np.asarray(made_of.predict(asked, raw_score=True)).reshape(500, -1)
            assert np.allclose(grove.tell(asked), theirs)


@pytest.mark.parametrize("kinds", [0, 2, 3])
def test_our_walk_down_scikit_learn_s_trees_is_scikit_learn_s(kinds: int) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.tree import ExtraTreeClassifier, ExtraTreeRegressor

    challenge = made(kinds=kinds)
    x, y = challenge.x, challenge.y[:, 0]
    kind = HistGradientBoostingClassifier if kinds else HistGradientBoostingRegressor
    boosted: Any = kind(max_iter=6).fit(x, y)
    width = kinds if kinds > 2 else 1
    grove = from_histograms(boosted, width)
    grove.check(4, width)
    if kinds:
        assert np.allclose(shares_of(grove.tell(x), kinds), boosted.predict_proba(x))
    else:
        assert np.allclose(grove.tell(x)[:, 0], boosted.predict(x))
    full = np.nan_to_num(x)
    trees = [
        (ExtraTreeClassifier if kinds else ExtraTreeRegressor)(random_state=seed).fit(full, y) for seed in range(3)
    ]
    theirs = np.mean([each.predict_proba(full) if kinds else each.predict(full)[:, None] for each in trees], axis=0)
    assert np.allclose(from_scikit_learn(trees, max(1, kinds)).tell(full, is_single=True), theirs, atol=1e-6)


@pytest.mark.parametrize("kinds", [0, 2, 3])
def test_our_walk_down_catboost_s_and_xgboost_s_trees_is_theirs(kinds: int) -> None:
    from onward.tables.ensemble.families import installed

    challenge = made(kinds=kinds)
    lesson = Lesson(challenge.x, challenge.y[:, 0], kinds, seed=1, rules={"trees": 12})
    x = challenge.x.astype(np.float32)
    xgboost = pytest.importorskip("xgboost")
    kept: list[Any] = []
    was = xgboost.train
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xgboost, "train", lambda *words, **more: kept.append(was(*words, **more)) or kept[-1])
        ours = installed.tell(installed.fit_xgboost(lesson), x, kinds)
    theirs = kept[0].predict(xgboost.DMatrix(x))
    assert np.allclose(ours[:, 1] if kinds == 2 else ours[:, 0] if not kinds else ours, theirs, atol=1e-5)
    catboost = pytest.importorskip("catboost")
    fitted: list[Any] = []
    whole = catboost.CatBoost.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            catboost.CatBoost, "fit", lambda self, *words, **more: fitted.append(self) or whole(self, *words, **more)
        )
        ours = installed.tell(installed.fit_catboost(lesson), x, kinds)
    theirs = fitted[0].predict(x, prediction_type="Probability" if kinds else "RawFormulaVal")
    assert np.allclose(ours if kinds else ours[:, 0], theirs, atol=1e-6)


def test_a_tree_that_leads_nowhere_is_refused() -> None:
    from sklearn.tree import ExtraTreeRegressor

    x = np.random.default_rng(0).random((50, 2))
    whole = from_scikit_learn([ExtraTreeRegressor(random_state=0).fit(x, x[:, 0])], 1).arrays
    for name, value in (("left", 0), ("column", 7), ("right", 10**6)):
        arrays = {key: each.copy() for key, each in whole.items()}
        arrays[name][0] = value
        with pytest.raises(RunFault, match="leads nowhere"):
            Grove(arrays).check(2, 1)


@pytest.mark.parametrize("family", sorted(known_families()))
@pytest.mark.parametrize("kinds", [0, 2, 3])
def test_every_family_learns_and_survives_being_written_down(family: str, kinds: int, tmp_path: Any) -> None:
    rules = {"network": {"epochs": 20, "width": 32, "members": 4}, "forest": {"trees": 30}}.get(family, {"trees": 40})
    challenge = made(kinds=kinds, test=made(30, kinds, seed=1).x)
    rows = np.arange(160), np.arange(160, 240)
    fit = fit_member(challenge, Spec("m", family, rules), rows, 0, clock=time.monotonic)
    told, truth = fit.held.astype(float), challenge.y[rows[1], 0]
    if kinds:
        assert np.allclose(told.sum(axis=1), 1, atol=1e-5)
        assert (told.argmax(axis=1) == truth).mean() > (0.65 if kinds == 2 else 0.5)
    else:
        assert np.corrcoef(told[:, 0], truth)[0, 1] > 0.6
    write_fit(tmp_path / "members" / "m-0.safetensors", fit)
    again = read_fit(tmp_path / "members" / "m-0.safetensors", 4, challenge.heads)
    assert np.allclose(again.tell(challenge.x[rows[1]], challenge.heads), told, atol=1e-5)
    assert again.test is not None
    assert again.spec == fit.spec
    other = fit_member(challenge, Spec("m", family, rules), rows, 0, clock=time.monotonic)
    assert np.array_equal(other.held, fit.held)


@pytest.mark.parametrize("family", ["lightgbm", "histograms", "forest", "network"])
def test_a_fit_whose_time_is_up_ends_and_still_answers(family: str) -> None:
    challenge = made()
    rows = np.arange(160), np.arange(160, 240)
    began = time.process_time()
    fit = fit_member(
        challenge, Spec("m", family, {"trees": 5000}), rows, 0, seconds_left=lambda: 0.0, clock=time.monotonic
    )
    assert time.process_time() - began < 6
    assert np.isfinite(fit.held).all()


def test_loading_a_library_is_not_taken_for_the_time_of_a_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def load(family: Any) -> None:
        now[0] += 60.0

    monkeypatch.setattr(type(FAMILIES["linear"]), "load", load)
    challenge = made(60)
    rows = np.arange(40), np.arange(40, 60)
    assert fit_member(challenge, Spec("linear", "linear"), rows, 0, clock=lambda: now[0]).seconds == 0.0
    assert now[0] == 60.0


def test_a_slow_first_member_does_not_end_the_run(tmp_path: Any) -> None:
    challenge = made(60)
    run = SimpleNamespace(path=tmp_path, folder=FOLDER, seed=0, budget=SimpleNamespace(seconds=60.0), seconds_left=30.0)
    own = Course(cast(Any, run), challenge, make_folds(challenge, 3, 0), ["linear", "lightgbm"], lambda *_: None)
    held = np.zeros((60, 2), np.float32)
    for crowding, next_one in ((1.0, "lightgbm"), (90.0, None)):  # what it needs is guessed from its work
        own._pace = cast(Any, SimpleNamespace(crowding=crowding))
        own.pool.members = [Member(Spec("linear", "linear"), held, None, [25.0] * 3)]
        own.pool.position = 1
        spec = own._spec()
        assert (spec.name if spec else None) == next_one


def test_the_last_of_a_member_s_fits_may_be_cut_shorter_than_the_first(tmp_path: Any) -> None:
    challenge = made(60)
    run = SimpleNamespace(path=tmp_path, folder=FOLDER, seed=0, budget=SimpleNamespace(seconds=60.0), seconds_left=5.0)
    own = Course(cast(Any, run), challenge, make_folds(challenge, 5, 0), ["linear"], lambda *_: None)
    assert own._has_time(Spec("a", "lightgbm"), 12.0, 4)
    assert not own._has_time(Spec("a", "lightgbm"), 12.0, 0)
    assert not own._has_time(Spec("a", "svm"), 12.0, 4)  # which cannot be cut


def test_time_is_left_for_the_strict_estimate(tmp_path: Any) -> None:
    challenge = made(60)
    run = SimpleNamespace(path=tmp_path, folder=FOLDER, seed=0, budget=SimpleNamespace(seconds=60.0), tail_seconds=32.0)
    own = Course(cast(Any, run), challenge, make_folds(challenge, 3, 0), ["linear"], lambda *_: None)
    assert run.tail_seconds < 16.0  # not what other tasks' reports may need
    own._pace = cast(Any, SimpleNamespace(crowding=2.0))  # all takes twice as long on a busy machine
    for seconds, tail in ((0.0, 0.7), (1.5, 6.7), (100.0, 30.0)):  # a choice of weights for each of three folds
        own.pool.blend_seconds = seconds
        own._reserve_time()
        assert tail <= run.tail_seconds < tail + 0.1


def test_a_booster_short_of_time_learns_faster_instead_of_less() -> None:
    challenge = made(400, kinds=0)
    x, y = challenge.x, challenge.y[:, 0]

    def gap(time_is_short: bool, trees: int) -> float:
        looks = [0]

        def seconds_left() -> float:  # every look at this clock is a second
            looks[0] += 1
            return 60.0 - looks[0] if time_is_short else float("inf")

        rules = {"learning_rate": 0.01, "num_leaves": 8, "trees": trees}
        arrays = fit_lightgbm(Lesson(x, y, 0, 0, rules=rules, seconds_left=seconds_left))
        return float(((Grove(arrays).tell(x)[:, 0] - y) ** 2).mean())

    assert gap(True, 500) < 0.5 * gap(False, 60)  # as many trees as there was time for, at the rate as it was


def test_a_member_with_more_trees_is_thought_to_take_longer() -> None:
    few, many = (Spec("a", "lightgbm", {"trees": trees, "num_leaves": 15}) for trees in (100, 400))
    assert work_of(many) == 4 * work_of(few)


def test_a_number_far_off_comes_nearer_and_keeps_its_place() -> None:
    x = np.append(np.random.default_rng(0).normal(size=200), [8.0, 60.0])[:, None]
    view, _ = fit_view("dense", [Feature("a")], x[:200], np.zeros(200), 0)
    seen = view.of(x)[:, 0]
    assert seen[200] < seen[201] < 3.0
    assert np.all(np.diff(seen[np.argsort(x[:, 0])]) >= 0)


def test_classes_that_a_fold_lacks_are_told_to_be_unlikely() -> None:
    chance = np.random.default_rng(0)
    x, y = chance.normal(size=(90, 3)), np.repeat([0.0, 1.0, 3.0], 30)
    x[:, 0] += y
    for name in ("linear", "lightgbm", "histograms", "forest", "svm", "network"):
        family = FAMILIES[name]
        rules = {"epochs": 10, "width": 16} if name == "network" else {"trees": 20}
        told = family.tell(family.fit(Lesson(x, y, 4, seed=0, rules=rules)), x, 4)
        assert told.shape == (90, 4), name
        assert told[:, 2].mean() < 0.15, name
        assert (told.argmax(axis=1) == y).mean() > 0.5, name


def test_twins_and_groups_stay_in_one_fold() -> None:
    challenge = made(200)
    twins = replace(challenge, x=np.concatenate([challenge.x, challenge.x[:50]]),
                    y=np.concatenate([challenge.y, challenge.y[:50]]))  # fmt: skip
    folds = make_folds(twins, 5, 0)
    assert np.array_equal(folds.number_of[:50], folds.number_of[200:])
    assert "twins" in folds.said
    groups = np.repeat(np.arange(40), 5)
    folds = make_folds(replace(challenge, groups=groups), 5, 0)
    assert all(len(np.unique(folds.number_of[groups == group])) == 1 for group in range(40))
    sizes = np.bincount(folds.number_of)
    assert sizes.min() > 0.6 * sizes.max()


def test_classes_are_dealt_evenly() -> None:
    challenge = made(500)
    folds = make_folds(challenge, 5, 0)
    shares = [challenge.y[folds.number_of == fold].mean() for fold in range(5)]
    assert np.ptp(shares) < 0.02
    assert np.ptp(np.bincount(folds.number_of)) <= 1


def test_forward_folds_learn_from_the_past_only() -> None:
    times = np.floor(np.arange(100) / 3)
    folds = make_folds(replace(made(100), times=times), 4, 0)
    assert (folds.number_of >= 0).sum() < 100
    for fold in range(4):
        known, held = folds.rows(fold)
        assert times[known].max() < times[held].min()
    assert list(folds.tellers) == [4]
    assert len(folds.rows(4)[0]) == 100


def test_the_blend_beats_its_members_and_leaves_noise_out() -> None:
    challenge = made(400, kinds=0)
    chance, truth = np.random.default_rng(0), challenge.y
    answers = [truth + chance.normal(0, 0.5, truth.shape) for _ in range(4)] + [chance.normal(0, 3, truth.shape)]
    weights = greedy_weights(challenge, answers, np.arange(400))
    assert weights.sum() == pytest.approx(1)
    assert weights[-1] < 0.05
    blend = sum(weight * each for weight, each in zip(weights, answers, strict=True))
    assert ((blend - truth) ** 2).mean() < 0.5 * ((answers[0] - truth) ** 2).mean()


def test_the_nested_blend_does_not_flatter_itself() -> None:
    """Of many members that only guess, the best looks better than chance unless the choice is made on other rows."""
    challenge = made(120)
    chance = np.random.default_rng(3)
    shuffled = replace(challenge, y=chance.permutation(challenge.y), measure=find_measure("accuracy"))
    guesses = chance.random((60, 120, 1))
    answers = [np.concatenate([1 - each, each], axis=1) for each in guesses]
    rows, folds = np.arange(120), np.arange(120) % 5
    weights = greedy_weights(shuffled, answers, rows)
    flattered = scored(shuffled, np.tensordot(weights, np.array(answers), 1), rows, [None])
    honest = scored(shuffled, nested_answers(shuffled, answers, folds), rows, [None])
    assert flattered > 0.58
    assert honest < flattered - 0.05


def test_a_cut_is_sought_only_where_the_measure_asks() -> None:
    challenge = replace(made(600), y=(np.random.default_rng(0).random((600, 1)) < 0.1).astype(float))
    told = np.clip(0.1 + 0.25 * challenge.y[:, 0] + 0.08 * np.random.default_rng(1).normal(size=600), 0.001, 0.999)
    answers = np.stack([1 - told, told], axis=1)
    rows = np.arange(600)
    assert class_weights(challenge, answers, rows) == [None]
    f1 = replace(challenge, measure=find_measure("f1"))
    cuts = class_weights(f1, answers, rows)
    assert scored(f1, answers, rows, cuts) > scored(f1, answers, rows, [None]) + 0.3


def test_proposals_depend_on_seed_and_number_alone() -> None:
    challenge = made()
    families = known_families()
    one, other = (proposals(challenge, families, 3) for _ in range(2))
    first = [next(one) for _ in range(30)]
    assert first == [next(other) for _ in range(30)]
    assert len({spec.name for spec in first}) == 30
    assert {spec.family for spec in first} == set(families)


def test_new_words_keep_their_letters_and_digits_and_nobody_counts_himself() -> None:
    cells = [f"{'AB'[number % 2]}{number // 2}" for number in range(120)] + ["A0", "A0", ""]
    column = as_kind("cabin", cells, "category")
    recipe = make_recipe([column])
    names = [feature.name for feature in recipe.features]
    own = recipe.matrix(Table("", (column,), len(cells), ""), is_own=True)
    again = Recipe.from_json(recipe.as_json())
    (known,) = again.known()
    later = again.matrix(Table("", (as_known(["A0", "B999", "", "b1"], known),), 4, ""))
    by_name = {name: (own[:, at], later[:, at]) for at, name in enumerate(names)}
    assert by_name["cabin: others alike"][0][[0, 1, 120]].tolist() == [2, 0, 2]
    assert by_name["cabin: others alike"][1][[0, 1, 3]].tolist() == [3, 0, 1]
    assert by_name["cabin: digits"][1][[0, 1, 3]].tolist() == [0, 999, 1]
    letters = by_name["cabin: letters"]
    assert letters[1][1] == letters[0][1]
    assert by_name["cabin"][1][0] == by_name["cabin"][0][0]
    assert by_name["cabin"][1][1] == len(column.categories)
    assert np.isnan(later[2]).all()


def test_no_library_is_loaded_that_would_not_be_there_in_time(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    challenge = made(60)
    monkeypatch.setattr(members, "loading_seconds", lambda name: {"lightgbm": 0.5, "sklearn.tree": 2.7}[name])
    run = SimpleNamespace(path=tmp_path, folder=FOLDER, seed=0, budget=SimpleNamespace(seconds=60.0), seconds_left=40.0)
    held = np.zeros((60, 2), np.float32)
    for crowding, expected in ((1.0, "extra-trees"), (9.0, "linear-free")):  # two and a half seconds of work, or 24
        own = Course(cast(Any, run), challenge, make_folds(challenge, 3, 0), ["linear", "forest"], lambda *_: None)
        own._pace = cast(Any, SimpleNamespace(crowding=crowding))
        own.pool.members = [Member(Spec("linear", "linear"), held, None, [0.01] * 3)]
        own.pool.position = 1 if crowding > 1 else 2
        spec = own._spec()
        assert spec
        assert spec.name == expected
    own.pool.drop_work()
    spec = own._spec()  # not the trees, whose turn it would be
    assert spec
    assert spec.family == "linear"
