"""The loop: the linear model first, always; then networks with memory, for what time is left; then both are compared.

Networks of a run take turns. They learn from nothing, or from what a language model of yours knows: then layers thaw
one after the other, the last first, each below learning more slowly (ULMFiT, arXiv:1801.06146, section 3.3).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onward.core.exhibits import Picture
from onward.core.folder import Folder, find_run, list_runs
from onward.core.run import Run, Step
from onward.language.memory_network import LanguageNetwork, restored
from onward.language.text_classify.batches import Batches
from onward.language.text_classify.choosing import Patience, choose_linear, folds_of
from onward.language.text_classify.classifier import Classifier, classifier_of, mixed_best
from onward.language.text_classify.linear import Linear, shares_of
from onward.language.text_classify.network import TextNetwork
from onward.language.text_classify.pictures import curve_picture
from onward.language.text_classify.reading import Texts, check_parts, content_key
from onward.language.text_classify.settings import Settings
from onward.language.text_classify.team import Team, new_network
from onward.language.text_classify.watching import Watch
from onward.language.text_classify.writing import learn_tokenizer, numbered
from onward.language.tokenizer import Characters, Pieces, Words, load_tokenizer, save_tokenizer
from onward.parts.box import Box
from onward.parts.lots import by_lot
from onward.parts.schedules import moment, share_since, triangle

__all__ = ["train"]

_LINEAR_SHARE, _MOST_LINEAR_SECONDS, _MOST_LINEAR_SHARE = 0.3, 90.0, 0.7
_LONG, _TAIL_SHARE = 30.0, 0.12  # from so many seconds on, a tail of this share is enough
_MOST_EPOCHS, _FEWEST_STEPS, _MOST_NETWORKS = 8, 400, 6  # few texts are read more often
_SMOOTHING, _LONGEST_SLOPE = 0.1, 1.0
_THAWED = 0.3  # of the time: by then all layers of a language model learn
_TUNED_RATE = 0.25  # of the learning rate, where much is known already


def train(run: Run, texts: Texts, settings: Settings) -> Classifier:
    """Train a classifier of texts.

    Raises:
        DataFault: there is nothing to choose by or to test.
    """
    check_parts(texts)
    run.machine  # noqa: B018 - sets threads before anything is built
    if (seconds := run.budget.seconds) is not None and seconds >= _LONG:
        run.tail_seconds = min(run.tail_seconds, _TAIL_SHARE * seconds)
    tokenizer, language = _beginning(run, texts, settings)
    facts = _facts(run, texts, settings, language)
    kinds = len(texts.classes)
    numbers = numbered(texts.texts(texts.training), tokenizer, settings.longest)
    labels = texts.found.labels[texts.training]

    def make() -> TextNetwork:
        return new_network(facts, tokenizer.size, kinds, language)

    if "networks" not in facts:
        facts = {**facts, "networks": _affordable(run, settings, make, (numbers, labels))}
        run.folder.update(text_classify=facts)
    team = Team(make, int(facts["networks"]), tokenizer, settings.longest)
    batches = Batches(numbers, labels, settings.batch_size, run.seed, len(team.networks))
    bar: Any = Box(None)
    run.keep(bar=bar, team=team, batches=batches)
    watch = Watch(run, texts, team, bar)
    for step in run.steps():
        if bar.value is None:
            bar.value = _linear(run, texts, step)
            watch.begin(step)
            continue
        if not team.networks:
            run.finish_early("No network was asked for.")
            continue
        phase = max(share_since(run, bar.value["fitted"], step.progress), batches.epochs / _epochs(batches))
        member = step.index % len(team.networks)
        rate = settings.learning_rate * (1.0 if facts["begun_from"] is None else _TUNED_RATE)
        team.descents[member].learning_rate = rate * triangle(min(1, phase), 0.1, 0.1, 0.0) * 0.5**run.setbacks
        step.log(loss=_learned(run, team, member, phase, batches.next(member)))
        if phase >= 1:
            run.finish_early(f"Each text was read {_epochs(batches):.0f} times; more would change little.")
        watch.look(step, min(1.0, phase))
    return _best(run, texts, team, bar.value, watch)


def _learned(run: Run, team: Team, member: int, phase: float, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Train one network on a batch; give its loss."""
    network, descent = team.networks[member], team.descents[member]
    numbers, lengths, wanted = batch
    _thaw(network, phase)
    network.train()
    with run.machine.mixed():
        logits = network(numbers, lengths)
    loss = F.cross_entropy(logits.float(), wanted, label_smoothing=_SMOOTHING)
    descent.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([each for each in network.parameters() if each.grad is not None], _LONGEST_SLOPE)
    descent.step()
    team.averages[member].follow(network, pictures=len(wanted))
    return loss


def _epochs(batches: Batches) -> float:
    """Say how often a network reads each text at most."""
    return max(_MOST_EPOCHS, _FEWEST_STEPS * batches.size / len(batches))


def _thaw(network: TextNetwork, phase: float) -> None:
    """Let more layers learn as time goes by; those that know nothing yet all learn from the start."""
    layers = network.reader.layers()
    for depth, weights in enumerate(layers):
        is_thawed = len(layers) == 1 or phase >= _THAWED * (depth + 1) / len(layers)
        for weight in weights:
            weight.requires_grad_(is_thawed)


def _linear(run: Run, texts: Texts, step: Step) -> dict[str, Any]:
    """Choose, learn and write down the linear model; keep what it says of the validation part."""
    places = np.concatenate([texts.validation, by_lot(texts.training)])  # where time is short, the first ones do
    is_validation = np.arange(len(places)) < len(texts.validation)
    own = texts.texts(places)
    folds = folds_of([content_key(text) for text in own], is_validation)
    patience = Patience()
    if run.budget.seconds is not None:
        left = run.seconds_left
        patience = Patience(_MOST_LINEAR_SHARE * left, min(_MOST_LINEAR_SECONDS, _LINEAR_SHARE * left))
    choice = choose_linear(own, texts.found.labels[places], folds, len(texts.classes), patience)
    choice.linear.save(run.path / "linear")
    run.note(choice.said)
    step.mark(validation_accuracy_linear=choice.accuracy)
    if choice.curve:
        counts, accuracies = zip(*choice.curve, strict=True)
        words = "more labels: accuracy of the plain linear model on the part to choose by"
        step.show(labels=Picture(curve_picture(counts, accuracies), words))
    shares = shares_of(choice.decisions[: len(texts.validation)], choice.linear.scale)
    return {"shares": shares, "fitted": moment(run), "accuracy": choice.accuracy, "plain": choice.plain_accuracy}


def _best(run: Run, texts: Texts, team: Team, bar: dict[str, Any] | None, watch: Watch) -> Classifier:
    """Keep the linear model, or let networks be heard beside it if texts that were not learned from say so."""
    facts = run.folder.record["text_classify"]
    linear, found = Linear.load(run.path / "linear"), dict(facts)
    accuracy: float | None = None
    if bar is not None and not team.networks:
        right = np.asarray(bar["shares"]).argmax(axis=1) == texts.found.labels[texts.validation][: len(bar["shares"])]
        accuracy = float(right.mean())
    elif bar is not None:
        places, shares = watch.final_shares()
        count = min(len(places), len(bar["shares"]))  # both were asked of the first ones
        labels = texts.found.labels[places[:count]]
        mixture, told = mixed_best(np.asarray(bar["shares"])[:count], shares[:count], labels)
        found |= {
            "share": mixture.share,
            "scale": mixture.scale,
            "beside": [[name, value] for name, value in told.items()],
        }
        accuracy = told["together" if mixture.share else "linear"]
        heard = (
            f"networks are heard with a share of {mixture.share:.1f}"
            if mixture.share
            else "the linear model alone is kept"
        )
        run.note(
            f"On {count:,} texts to choose by: linear {100 * told['linear']:.1f} %, networks "
            f"{100 * told['networks']:.1f} %, together {100 * told['together']:.1f} %; {heard}."
        )
    if accuracy is not None:  # of what is kept: a sweep chooses by it
        run.record("log", validation_accuracy=accuracy)
    run.folder.update(text_classify=found)
    return classifier_of(run, found, linear, team)


def _beginning(
    run: Run, texts: Texts, settings: Settings
) -> tuple[Pieces | Characters | Words, LanguageNetwork | None]:
    """Give what texts are written with, and the language model to begin from, if one is named."""
    path = run.path / "tokenizer.json"
    if settings.from_run is not None and run.folder.newest_checkpoint() is None:  # which has what was begun with
        language, tokenizer = restored(Run(_begun_from(run, settings.from_run)))
        save_tokenizer(tokenizer, path)
        return tokenizer, language
    if not path.exists():
        save_tokenizer(learn_tokenizer(texts.texts(texts.training)), path)
    return load_tokenizer(path), None


def _begun_from(run: Run, word: str) -> Folder:
    """Find the language model's run: the one this run began from before, or what a word names, which is not itself."""
    before = run.folder.record.get("text_classify", {}).get("begun_from")
    others = [each for each in list_runs() if each.path.resolve() != run.path.resolve()]
    if before is None and word == "last" and others:
        return others[-1]
    return find_run(str(before or word))


def _facts(run: Run, texts: Texts, settings: Settings, language: LanguageNetwork | None) -> dict[str, Any]:
    """Give what `load` needs to know, from the run's record if it is there."""
    if before := run.folder.record.get("text_classify"):
        return before
    facts: dict[str, Any] = {"classes": list(texts.classes), "column": texts.found.column, "longest": settings.longest}
    facts |= {"begun_from": None, "drop": settings.drop, "width": settings.width, "cell": settings.cell}
    if language is not None and settings.from_run is not None:
        facts["begun_from"] = str(_begun_from(run, settings.from_run).path.resolve())
        facts |= {"width": language.width, "depth": len(language.layers), "cell": language.cell}
    return facts


def _affordable(
    run: Run, settings: Settings, make: Any, data: tuple[list[NDArray[np.int64]], NDArray[np.int64]]
) -> int:
    """Say how many networks can read every text some times; one, where no clock runs."""
    if settings.networks is not None or run.budget.seconds is None:
        return 1 if settings.networks is None else settings.networks
    trial = Team(make, 1, Characters(""), settings.longest)
    batches = Batches(*data, settings.batch_size, run.seed, 1)
    state = torch.get_rng_state()
    taken = []
    while len(taken) < 3 or (len(taken) < 12 and sum(taken) < 0.02 * run.seconds_left):
        began = time.perf_counter()
        _learned(run, trial, 0, 1.0, batches.next(0))
        taken.append(time.perf_counter() - began)
    torch.set_rng_state(state)
    seconds = sum(taken[1:]) / (len(taken) - 1)
    epochs = (1 - _LINEAR_SHARE) * run.seconds_left / seconds * batches.size / len(data[0])
    return int(max(1, min(_MOST_NETWORKS, epochs // (0.5 * _epochs(batches)))))
