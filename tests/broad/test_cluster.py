"""`cluster` on users' files: groups, doubles, plans, copies and back, and everything that is wrong with files."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.broad.cluster.model import _check
from onward.broad.cluster.reading import columns_as_grouped
from onward.broad.cluster.sorting import take_back
from onward.core.faults import DataFault, RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.metrics import Score, read_metrics
from onward.core.run import Run
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.evaluate import evaluate
from onward.verbs.loading import load_model
from onward.verbs.train import train


def trained(address: Path, place: Path, steps: int = 5, **settings: str) -> tuple[Run, list[Score]]:
    words = {"epochs": "30", "most_clusters": "6", **settings}
    return train(find_task("cluster"), str(address), words, steps=steps, out=place / "runs", quiet=True)


def table(path: Path) -> list[dict[str, str]]:
    assert b"\r" not in path.read_bytes()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest_of(folder: Path) -> str:
    digest = hashlib.blake2b()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return digest.hexdigest()


def smooth(count: int, kind: int) -> list[Image.Image]:
    """Draw pictures that are dark above or dark on the left, with blots of any colour."""
    chance = np.random.default_rng(kind)
    found = []
    for _ in range(count):
        ramp = np.linspace(0, 220, 40)
        ground = np.tile(ramp[:, None] if kind else ramp[None], (1, 40) if kind else (40, 1))[..., None]
        blots = np.asarray(Image.fromarray(chance.integers(0, 60, (8, 8, 3), dtype=np.uint8)).resize((40, 40), 3))
        found.append(Image.fromarray((ground * 0.8 + blots).clip(0, 255).astype(np.uint8)))
    return found


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Make two kinds of pictures in one folder, and copies of some."""
    folder = tmp_path / "album"
    (folder / "a").mkdir(parents=True)
    for kind in (0, 1):
        for number, picture in enumerate(smooth(12, kind)):
            picture.save(folder / "a" / f"{'uv'[kind]}{number:02d}.png")
    Image.open(folder / "a/u00.png").resize((30, 30)).save(folder / "small ü.jpg", quality=95)
    (folder / "copy.png").write_bytes((folder / "a/u01.png").read_bytes())
    return folder


def blob_table(path: Path, *, shuffled: bool = False) -> Path:
    chance = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 60)
    x = 3 * np.eye(3)[truth] @ chance.normal(size=(3, 5)) + 0.4 * chance.normal(size=(180, 5))
    if shuffled:
        x = np.stack([chance.permutation(column) for column in x.T], axis=1)
    lines = [
        "a,b,c,d,e,kind",
        *(",".join([*(f"{v:.4f}" for v in row), f"k{t}"]) for row, t in zip(x, truth, strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def scores_of(scores: list[Score]) -> dict[str, Score]:
    return {each.name: each for each in scores}


def test_it_finds_the_groups_of_a_table(tmp_path: Path) -> None:
    _, scores = trained(blob_table(tmp_path / "t.csv"), tmp_path, label="kind")
    assert scores_of(scores)["accuracy of paired groups"].interval[0] > 0.85


def test_other_rows_of_the_same_number_are_told_anew(tmp_path: Path) -> None:
    run, scores = trained(blob_table(tmp_path / "t.csv"), tmp_path, label="kind")
    heads, *rows = (tmp_path / "t.csv").read_text().splitlines()
    (tmp_path / "turned.csv").write_text("\n".join([heads, *reversed(rows[:70]), *rows[70:]]) + "\n")
    told = evaluate(run.folder, str(tmp_path / "turned.csv"))
    before = scores_of(scores)["accuracy of paired groups"].value
    assert scores_of(told)["accuracy of paired groups"].value == pytest.approx(before, abs=0.03)


def test_a_stranger_s_recipe_that_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    path = blob_table(tmp_path / "t.csv")
    run, _ = trained(path, tmp_path)
    groups = load_model(run.folder)
    groups.recipe["middles"] = groups.recipe["middles"][:2]
    with pytest.raises(ValueError, match="shapes"):
        _check(groups)


def test_in_shuffled_columns_it_finds_none(tmp_path: Path) -> None:
    _, scores = trained(blob_table(tmp_path / "t.csv", shuffled=True), tmp_path, label="kind")
    assert scores_of(scores)["accuracy of paired groups"].value < 0.6


def test_labels_change_nothing_but_the_scores(tmp_path: Path) -> None:
    path = blob_table(tmp_path / "t.csv")
    one, _ = trained(path, tmp_path, label="kind")
    path.write_text(path.read_text().replace("k1", "k0"))
    other, _ = trained(path, tmp_path, label="kind")
    found = []
    for run in (one, other):
        apply(run.folder, (str(path),), {}, tmp_path / run.name)
        found.append((tmp_path / run.name / "clusters.csv").read_text())
    assert found[0] == found[1]


def test_pictures_become_groups_doubles_and_a_plan_and_stay_as_they_are(album: Path, tmp_path: Path) -> None:
    before = digest_of(album)
    run, _ = trained(album, tmp_path, encoder="pixels", clusters="2")
    apply(run.folder, (str(album),), {}, tmp_path / "out")
    groups = {row["path"]: row["cluster"] for row in table(tmp_path / "out/clusters.csv")}
    assert len(groups) == 26
    assert len({groups[f"a/u{n:02d}.png"] for n in range(12)}) == 1
    assert groups["a/u00.png"] != groups["a/v00.png"]
    doubles = {row["path"]: row for row in table(tmp_path / "out/duplicates.csv")}
    assert set(doubles) == {"small ü.jpg", "a/u01.png"} or set(doubles) == {"small ü.jpg", "copy.png"}
    assert doubles["small ü.jpg"]["duplicate_of"] == "a/u00.png"
    assert doubles["small ü.jpg"]["kind"] == "near"
    plan = {row["path"]: row for row in table(tmp_path / "out/plan.csv")}
    assert sum(row["keep"] == "no" for row in plan.values()) == 2
    assert "more pixels" in plan["small ü.jpg"]["why"]
    assert digest_of(album) == before


def test_copies_and_links_are_made_in_a_new_folder_and_taken_back(album: Path, tmp_path: Path) -> None:
    run, _ = trained(album, tmp_path, encoder="pixels", clusters="2")
    before = digest_of(album)
    for kind in ("copy", "link"):
        target = tmp_path / kind
        apply(run.folder, (str(album),), {kind: str(target)}, tmp_path / "out")
        made = [path for path in target.rglob("*.*") if path.name != "onward-made.jsonl"]
        assert len(made) == 24
        assert all(path.is_symlink() == (kind == "link") for path in made)
        changed = next(path for path in made if not path.is_symlink()) if kind == "copy" else None
        if changed:
            changed.write_bytes(b"mine now")
        assert take_back(target) == ((23, 1) if changed else (24, 0))
        assert target.exists() == (changed is not None)
    assert digest_of(album) == before


def test_copies_go_nowhere_where_something_is(album: Path, tmp_path: Path) -> None:
    run, _ = trained(album, tmp_path, encoder="pixels", clusters="2")
    places = ((album, "not empty"), (album / "new", "own folder"), (run.path / "deep" / "new", "within a run"))
    for target, said in places:
        with pytest.raises(UsageFault, match=said):
            apply(run.folder, (str(album),), {"copy": str(target)}, tmp_path / "out")
    with pytest.raises(RunFault, match="nothing was copied"):
        apply(run.folder, (), {"undo": str(album)}, tmp_path / "out")


def test_taking_back_never_leaves_its_folder(tmp_path: Path) -> None:
    target, precious = tmp_path / "sorted", tmp_path / "precious.png"
    target.mkdir()
    precious.write_bytes(b"x")
    digest = hashlib.blake2b(b"x", digest_size=16).hexdigest()
    facts = [{"path": path, "link": False, "digest": digest} for path in ("../precious.png", str(precious))]
    (target / "onward-made.jsonl").write_text("\n".join(map(json.dumps, facts)) + "\nnonsense\n")
    take_back(target)
    assert precious.exists()


def test_every_bad_file_has_its_reason(album: Path, tmp_path: Path) -> None:
    good = (album / "a/u00.png").read_bytes()
    (album / "empty.jpg").write_bytes(b"")
    (album / "filler.jpg").write_bytes(b"\0" * 5000)
    (album / "torn.png").write_bytes(good[: len(good) // 2])
    (album / "words.png").write_text("no picture")
    (album / "really-a-png.jpg").write_bytes((album / "a/v03.png").read_bytes())
    odd = Image.open(album / "a/u05.png")
    odd.convert("L").save(album / "grey.png")
    odd.convert("RGBA").save(album / "alpha.png")
    odd.convert("P").save(album / "palette.gif")
    odd.convert("CMYK").save(album / "cmyk.jpg")
    odd.resize((1, 40)).save(album / "thin.png")
    Image.fromarray(np.asarray(odd.convert("L")).astype(np.uint16) * 256).save(album / "deep.png")
    odd.save(album / "film.gif", save_all=True, append_images=[odd.rotate(90)])
    run, _ = trained(album, tmp_path, encoder="pixels", clusters="2")
    apply(run.folder, (str(album),), {}, tmp_path / "out")
    reasons = {row["path"]: row["reason"] for row in table(tmp_path / "out/unreadable.csv")}
    assert set(reasons) == {"empty.jpg", "filler.jpg", "torn.png", "words.png"}
    assert reasons["empty.jpg"] == "empty file"
    assert "every byte is 0" in reasons["filler.jpg"]
    plan = {row["path"]: row for row in table(tmp_path / "out/plan.csv")}
    assert plan["torn.png"]["keep"] == "yes"
    assert plan["torn.png"]["why"].startswith("cannot be read")
    assert any(row["path"] == "really-a-png.jpg" or row["duplicate_of"] == "really-a-png.jpg"
               for row in table(tmp_path / "out/duplicates.csv"))  # fmt: skip


def test_a_folder_of_nothing_but_damage_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.jpg").write_bytes(b"\xff\xd8 torn")
    with pytest.raises(DataFault, match="none of its 9 pictures can be read"):
        trained(folder, tmp_path, encoder="pixels")


def test_pictures_that_are_all_the_same_are_one_group(tmp_path: Path) -> None:
    folder = tmp_path / "same"
    folder.mkdir()
    for number in range(12):
        Image.new("RGB", (20, 20), "teal").save(folder / f"{number}.png")
    run, _ = trained(folder, tmp_path, encoder="pixels")
    assert apply(run.folder, (str(folder),), {}, tmp_path / "out")
    assert sum(row["keep"] == "no" for row in table(tmp_path / "out/plan.csv")) == 11


@pytest.mark.parametrize(("settings", "said"), [({"clusters": "50"}, "50 groups need"), ({}, "at least 8")])
def test_too_few_items_are_said(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    (tmp_path / "few.txt").write_text("one line here\nanother line\n" * (10 if settings else 2))
    with pytest.raises(DataFault, match=said):
        trained(tmp_path / "few.txt", tmp_path, **settings)


def test_texts_are_told_by_their_words(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    kinds = (["ship", "sea", "sail", "wave", "port"], ["bread", "oven", "flour", "yeast", "crust"])
    lines = ["text,topic"]
    for number in range(80):
        words = chance.choice(kinds[number % 2], 4).tolist() + chance.choice(["the", "old", "one", "day"], 2).tolist()
        lines.append(f"{' '.join(words)},{'sea' if number % 2 == 0 else 'bakery'}")
    (tmp_path / "texts.csv").write_text("\n".join(lines) + "\n")
    run, scores = trained(tmp_path / "texts.csv", tmp_path, label="topic", clusters="2")
    assert scores_of(scores)["accuracy of paired groups"].value > 0.9
    groups = next(path for path in (run.path / "samples").glob("*.csv") if "what makes it" in path.read_text())
    assert "bread" in groups.read_text()
    (tmp_path / "new.txt").write_text("the sail and the sea\nyeast and flour\n")
    apply(run.folder, (str(tmp_path / "new.txt"),), {}, tmp_path / "out")
    one, two = table(tmp_path / "out/clusters.csv")
    assert one["path"] == "new.txt:1"
    assert one["cluster"] != two["cluster"]


def test_words_nobody_shares_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(f"word{number} other{number}" for number in range(20)))
    with pytest.raises(DataFault, match="share a word"):
        trained(tmp_path / "a.txt", tmp_path)


def test_two_runs_share_one_cache_and_a_second_look_is_recalled(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onward.broad.cluster import looking

    one, _ = trained(album, tmp_path, encoder="pixels", clusters="2")
    monkeypatch.setattr(looking.Looks, "_computed", lambda *rest: pytest.fail("looked again"))
    os.rename(album, tmp_path / "renamed")
    other, _ = trained(tmp_path / "renamed", tmp_path, encoder="pixels", clusters="2")
    assert one.steps_done == other.steps_done


def test_a_time_too_short_for_all_pictures_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from onward.broad.cluster import looking

    was = looking.Looks.look
    monkeypatch.setattr(looking.Looks, "look", lambda self: (time.sleep(0.5), was(self))[1])
    folder = tmp_path / "many"
    folder.mkdir()
    for kind in (0, 1):
        for number, picture in enumerate(smooth(400, kind)):
            picture.resize((12, 12)).save(folder / f"{kind}{number:03d}.png")
    words = {"encoder": "pixels", "clusters": "2"}
    run, _ = train(find_task("cluster"), str(folder), words, duration="5s", out=tmp_path / "runs", quiet=True)
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert any("pictures were looked at in the time there was" in note for note in notes)
    monkeypatch.setattr(looking.Looks, "look", was)
    apply(run.folder, (str(folder),), {}, tmp_path / "out")
    assert len(table(tmp_path / "out/clusters.csv")) == 800


def test_a_damaged_run_is_one_sentence(album: Path, tmp_path: Path) -> None:
    run, _ = trained(album, tmp_path, encoder="pixels", clusters="2")
    checkpoint = Folder(run.path).newest_checkpoint()
    assert checkpoint is not None
    state = json.loads((checkpoint / "state.json").read_text())
    state["kept"]["groups"]["value"]["labels"] = state["kept"]["groups"]["value"]["centres"]
    (checkpoint / "state.json").write_text(json.dumps(state))
    with pytest.raises(RunFault, match="damaged"):
        apply(run.folder, (str(album),), {}, tmp_path / "out")


@pytest.mark.parametrize("method", ["k-means", "mixture", "hdbscan", "heads"])
def test_each_method_groups_and_tells_new_rows(tmp_path: Path, method: str) -> None:
    path = blob_table(tmp_path / "t.csv")
    run, scores = trained(path, tmp_path, steps=60, label="kind", method=method)
    assert scores_of(scores)["accuracy of paired groups"].value > 0.5
    apply(run.folder, (str(path),), {}, tmp_path / "out")
    assert len(table(tmp_path / "out/clusters.csv")) == 180


def test_an_autoencoder_learns_the_user_s_own_pictures(album: Path, tmp_path: Path) -> None:
    run, _ = trained(album, tmp_path, encoder="autoencoder", clusters="2", method="k-means", drawings="60")
    apply(run.folder, (str(album),), {}, tmp_path / "out")
    groups = {row["path"]: row["cluster"] for row in table(tmp_path / "out/clusters.csv")}
    kinds = [[groups[f"a/{kind}{number:02d}.png"] for number in range(12)] for kind in "uv"]
    right = sum(group == kinds[0][0] for group in kinds[0]) + sum(group != kinds[0][0] for group in kinds[1])
    assert right >= 23


def test_words_and_dates_of_rows_are_told_as_they_were_grouped_by(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    kinds = ["oak", "elm", "ash"]
    rows = [(kinds[n % 3], f"20{10 + 5 * (n % 3)}-03-{1 + n % 28:02d}", 0.2 * chance.normal()) for n in range(150)]
    lines = [f"{tree},{day},{x + len(tree) % 2:.3f}" for tree, day, x in rows]
    path, other = tmp_path / "trees.csv", tmp_path / "others.csv"
    path.write_text("\n".join(["tree,planted,size", *lines]) + "\n")
    run, _ = trained(path, tmp_path, clusters="3")
    apply(run.folder, (str(path),), {}, tmp_path / "out")
    told = [row["cluster"] for row in table(tmp_path / "out/clusters.csv")]
    groups = load_model(run.folder)
    pairs = set(zip(groups.labels.tolist(), told, strict=True))
    assert len(pairs) == len(groups.centres) == 3  # each group is told as one, and as no other
    # other rows, in which other words are the frequent ones, and with a column between the known ones
    some = [f"{day},x{n % 7},{x:.3f},{tree}" for n, (tree, day, x) in enumerate(rows) if n % 3 == 2 or n < 30]
    other.write_text("\n".join(["planted,more,size,tree", *some]) + "\n")
    _, known = columns_as_grouped(str(other), groups.facts["columns"])
    assert [column.name for column in known] == [each["name"] for each in groups.facts["columns"]]
    trees = next(column for column in known if column.name == "tree")
    words = [line.rpartition(",")[2] for line in some]
    assert [trees.categories[int(value)] for value in trees.values] == words
    evaluate(run.folder, str(other))
    other.write_text("\n".join(["planted,more,size", *(line.rpartition(",")[0] for line in some)]) + "\n")
    with pytest.raises(DataFault, match="tree"):
        evaluate(run.folder, str(other))
