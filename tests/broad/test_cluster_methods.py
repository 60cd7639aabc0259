"""The methods of `cluster`: each against a library, or against a small problem whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from onward.broad.cluster.choosing import Choice, Trial, measured
from onward.broad.cluster.concluding import _tell
from onward.broad.cluster.embedding import Embedding, neighbour_graph, placed
from onward.broad.cluster.features import column_features, column_recipe
from onward.broad.cluster.heads import Heads
from onward.broad.cluster.kmeans import k_means, nearest_centre
from onward.broad.cluster.maps import Map
from onward.broad.cluster.mixture import fit_mixture
from onward.broad.cluster.model import head_input
from onward.broad.cluster.neighbours import nearest
from onward.broad.cluster.plan import doubles_of
from onward.broad.cluster.quality import counted, matched_accuracy, mutual_information, rand_index, silhouettes
from onward.broad.cluster.settings import Settings
from onward.broad.cluster.spaces import fit_space
from onward.broad.cluster.twins import Twin, Twins, exact_twins
from onward.data.tables import Column


def blobs(kinds: int = 4, each: int = 60, width: int = 10, spread: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(3)
    middles = 4 * chance.normal(size=(kinds, width)) / np.sqrt(width) * 2
    truth = np.repeat(np.arange(kinds), each)
    return (middles[truth] + spread * chance.normal(size=(len(truth), width))).astype(np.float32), truth


def test_the_measures_are_scikit_learn_s() -> None:
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_samples

    x, truth = blobs()
    guess = np.random.default_rng(0).permutation(truth)
    assert rand_index(truth, guess) == pytest.approx(adjusted_rand_score(truth, guess))
    assert mutual_information(counted(truth, guess)) == pytest.approx(normalized_mutual_info_score(truth, guess))
    assert np.allclose(silhouettes(x, guess, np.random.default_rng(0)), silhouette_samples(x, guess), atol=1e-3)
    assert matched_accuracy((truth + 1) % 4, truth).all()


def test_neighbours_are_exact_and_never_the_point_itself() -> None:
    x, _ = blobs(3, 20)
    places, lengths = nearest(x, 4)
    whole = np.linalg.norm(x[:, None] - x[None], axis=2)
    np.fill_diagonal(whole, np.inf)
    assert np.allclose(lengths, np.sort(whole, axis=1)[:, :4], atol=1e-3)
    assert (places != np.arange(len(x))[:, None]).all()
    assert nearest(x, 999, x[:2])[0].shape == (2, len(x))


def test_k_means_and_a_mixture_find_blobs() -> None:
    x, truth = blobs()
    labels, _ = nearest_centre(x, k_means(x, 4, np.random.default_rng(0)))
    assert rand_index(labels, truth) > 0.98
    assert rand_index(fit_mixture(x, labels, 4).labels(x), truth) > 0.98


def test_k_means_survives_points_that_are_all_the_same() -> None:
    x = np.ones((10, 3), np.float32)
    assert np.isfinite(k_means(x, 3, np.random.default_rng(0))).all()


def test_the_principal_axes_are_numpy_s() -> None:
    x, _ = blobs()
    mine = fit_space(x, 3, 0).project(x)
    theirs = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    assert np.allclose(np.abs(mine), np.abs(theirs[0][:, :3] * theirs[1][:3]), atol=0.05)


def made_map(x: np.ndarray, rounds: int = 60) -> Embedding:
    graph, _ = neighbour_graph(x, 10)
    embedding = Embedding(graph, fit_space(x, 4, 0).project(x), 0)
    for number in range(rounds):
        embedding.move(0.5 * (1 - number / rounds))
    return embedding


def test_a_map_keeps_neighbours_together_and_is_the_same_each_time() -> None:
    x, truth = blobs()
    points = made_map(x).points
    labels, _ = nearest_centre(points, k_means(points, 4, np.random.default_rng(0)))
    assert rand_index(labels, truth) > 0.95
    assert (made_map(x).points == points).all()
    assert np.abs(placed(x, points, x) - points).max() < 1e-3


def test_without_the_pull_of_neighbours_a_map_shows_nothing() -> None:
    x, truth = blobs()
    graph, _ = neighbour_graph(np.random.default_rng(0).permutation(x), 10)
    embedding = Embedding(graph, np.random.default_rng(1).normal(size=(len(x), 2)).astype(np.float32), 0)
    for number in range(60):
        embedding.move(0.5 * (1 - number / 60))
    labels, _ = nearest_centre(embedding.points, k_means(embedding.points, 4, np.random.default_rng(0)))
    assert rand_index(labels, truth) < 0.2


def heads_on_blobs(rate: float) -> float:
    x, truth = blobs()
    rows = head_input(x - x.mean(axis=0), np.ones(x.shape[1], np.float32))
    places, _ = nearest(x, 8)
    heads = Heads(x.shape[1], 4, 4, 0)
    for _ in range(500):
        heads.step(rows, places, 64, rate)
    return rand_index(heads.shares(rows).argmax(axis=1), truth)


def test_heads_find_blobs() -> None:
    assert heads_on_blobs(0.01) > 0.9


def test_heads_that_do_not_learn_find_nothing() -> None:
    assert heads_on_blobs(0.0) < 0.85


def test_the_gradient_of_heads_is_that_of_their_loss() -> None:
    torch = pytest.importorskip("torch")
    x, _ = blobs()
    rows = head_input(x, np.ones(x.shape[1], np.float32))
    places, _ = nearest(x, 1)
    heads = Heads(x.shape[1], 4, 1, 0)
    student, teacher = torch.tensor(heads.student[0], requires_grad=True), torch.tensor(heads.teacher[0])
    first = np.random.default_rng([0, 2, 0]).integers(0, len(rows), 64)
    second = places[first, 0]
    loss, use = torch.zeros(()), torch.full((4,), 0.25)
    for seen, other in ((first, second), (second, first)):
        own = torch.softmax(torch.tensor(rows[seen]) @ student / 0.1, 1)
        beside = torch.softmax(torch.tensor(rows[other]) @ teacher / 0.1, 1)
        loss = loss - ((own * beside) ** 0.6 / use).sum(1).log().mean() / 2
        use = 0.95 * use + 0.05 * beside.mean(0)
    loss.backward()
    before = heads.student.copy()
    heads.step(rows, places, 64, 1e-3)
    moved = (heads.student - before)[0]
    large = np.abs(student.grad.numpy()) > 1e-4  # Adam's first step is the gradient's sign
    assert (np.sign(moved)[large] == -np.sign(student.grad.numpy())[large]).mean() > 0.99


def test_the_number_of_blobs_is_found_without_labels() -> None:
    x, _ = blobs(5, 60)
    points = made_map(x, 80).points
    choice = Choice()
    choice.trials = [measured("x", points, clusters, 0) for clusters in (2, 3, 4, 5, 6, 7, 8, 10)]
    best = choice.best()
    assert best is not None
    assert best.clusters in (5, 6)


def test_a_second_look_takes_the_place_of_the_first_and_is_surer() -> None:
    x, _ = blobs(7, 60)
    points = made_map(x, 80).points
    choice = Choice()
    for effort in (0, 1):
        for clusters in (5, 6, 7, 8, 9, 10, 12):
            choice.add(measured("x", points, clusters, 0, effort))
    assert len(choice.trials) == 7
    assert choice.open() == []
    at_first, at_last = (measured("x", points, 7, 0, effort).stability for effort in (0, 1))
    assert at_first < at_last  # seven there are; with few beginnings halves differ
    best = choice.best()
    assert best is not None
    assert best.clusters == 7  # eight would cut one of them in two
    assert choice.of("x")[3].stability > 0.85
    again = Choice()
    again.load_state_dict(choice.state_dict())
    assert again.trials == choice.trials


def test_second_looks_begin_where_they_may_change_the_choice() -> None:
    choice = Choice()
    first = [(4, 0.99), (6, 0.95), (8, 0.8), (9, 0.9), (20, 0.5)]
    choice.trials = [Trial("x", clusters, 0.5, (stability,)) for clusters, stability in first]
    choice.add(Trial("x", 7, 0.5, (0.99,), 1))
    assert [each.clusters for each in choice.open()] == [9, 8]  # seven agree, surely; twenty are hopeless


def test_numbers_there_was_no_time_to_try_are_said() -> None:
    said: list[str] = []
    choice = Choice()
    choice.trials = [Trial("lite0", 8, 0.4, (0.9, 0.9)), Trial("lite0", 4, 0.4, (0.95, 0.9))]
    run = SimpleNamespace(note=said.append)
    work: Any = SimpleNamespace(run=run, settings=Settings(), choice=choice, items=[0], count=lambda: 1, looks=None)
    for left in (0, 3):
        work.numbers_left = lambda left=left: left
        _tell(work, "lite0", "k-means", {"k-means": 0.4}, 8)
    assert "there was time" not in said[0]
    assert "there was time to try 4, 8 only" in said[1]


def test_few_items_are_not_joined_by_too_many_neighbours() -> None:
    """Among fifteen neighbours of each of thirty items there would be many of the other kind; fifty are mapped."""
    for count in (12, 30):
        x, truth = blobs(2, count)
        mapped = Map(x, {}, Settings(), 0, centred=True)
        for number in range(60):
            mapped.move(number / 60)
        labels, _ = nearest_centre(mapped.points, k_means(mapped.points, 2, np.random.default_rng(0)))
        assert rand_index(labels, truth) == 1
        assert mapped.places.shape[1] == (3 if count == 12 else 7)
        assert (mapped.points is mapped.embedding.start) == (count == 12)


def pictures(count: int = 60, side: int = 32) -> np.ndarray:
    """Draw smooth coloured pictures, none like another."""
    chance = np.random.default_rng(5)
    small = chance.integers(0, 256, (count, 6, 6, 3)).astype(np.float32)
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(each.astype(np.uint8)).resize((side, side), 3)) for each in small])


def test_copies_are_found_and_nothing_else() -> None:
    import io

    from PIL import Image

    base = pictures()
    held = io.BytesIO()
    Image.fromarray(base[0]).save(held, "JPEG", quality=40)
    pressed = np.asarray(Image.open(held))
    cropped = np.asarray(Image.fromarray(base[1]).crop((1, 0, 31, 30)).resize((32, 32)))
    resized = np.asarray(Image.fromarray(base[2]).resize((20, 20)).resize((32, 32)))
    turned = np.rot90(base[3]).copy()
    tinted = (base[4] * np.array([1, 0.4, 1])).astype(np.uint8)
    search = Twins(np.concatenate([base, np.stack([pressed, cropped, resized, turned, tinted])]))
    while search.done < len(search):
        search.search()
    assert {(each.first, each.second) for each in search.twins()} == {(0, 60), (1, 61), (2, 62), (3, 63)}


def test_exact_twins_and_the_one_to_keep() -> None:
    digests = np.array([[1] * 16, [2] * 16, [1] * 16], np.uint8)
    (twin,) = exact_twins(digests)
    facts = np.array([[10, 10, 500, 0, 0], [10, 10, 500, 0, 0], [20, 20, 900, 0, 0]])
    (double,) = doubles_of([twin], ["a.jpg", "b.jpg", "c.jpg"], facts)
    assert (double.place, double.kept, double.kind) == (0, 2, "exact")
    assert "more pixels" in double.why


def test_of_three_same_files_one_is_kept_whichever_comes_first() -> None:
    digests = np.ones((3, 16), np.uint8)
    facts = np.array([[10, 10, 500, 0, 0]] * 3)
    found = doubles_of(exact_twins(digests), ["a long name.jpg", "b.jpg", "c.jpg"], facts)
    assert [(each.place, each.kept) for each in found] == [(0, 1), (2, 1)]


def test_a_chain_does_not_join_what_is_not_alike() -> None:
    facts = np.array([[3, 3, 9, 0, 0], [2, 2, 9, 0, 0], [1, 1, 9, 0, 0]])
    twins = [Twin(0, 1, "near", 0.99, "near"), Twin(1, 2, "near", 0.99, "near")]
    found = doubles_of(twins, ["a", "b", "c"], facts)
    assert [(each.place, each.kept) for each in found] == [(1, 0)]


def test_a_row_alone_is_told_by_the_same_numbers_as_among_all() -> None:
    columns = [Column("size", np.arange(6.0), ()), Column("kind", np.array([0, 0, 0, 1, 1, np.nan]), ("a", "b"))]
    recipe = column_recipe(columns)
    alone = [Column(each.name, each.values[3:4], each.categories) for each in columns]
    assert np.allclose(column_features(alone, recipe), column_features(columns, recipe)[3:4])
