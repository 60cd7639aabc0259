"""What language was to show: models of it, texts told apart, translation."""

from __future__ import annotations

from benchmarks.targets.reading import Target, cell, difference, first_of, ratio

_SHAKESPEARE = {"text": "shakespeare", "minutes": "3", "model": "Onward"}
_MULTI30K = {"set": "multi30k de-en", "minutes": "20", "whose": "Onward"}
_PEER = {"set": "multi30k de-en", "whose": "plain attention"}


def _words(ours: str, theirs: str, said: str = "") -> Target:
    """Hold perplexities beside each other; `said` where the peer has a figure of later, better moments only."""
    own = cell("language-model-words", "perplexity", {"minutes": ours, "model": "Onward"})
    other = cell(
        "language-model-words", "perplexity", {"minutes": theirs, "model": "pytorch/examples"}, pattern=r"^([\d.]+)"
    )
    asked = said or f"words, {ours} min: perplexity .8x of pytorch/examples' in {theirs} min"
    return Target("language-model", asked, ratio(own, other), most=0.8)


def _told(name: str, asked: float, tried: str = "", headline: str = "") -> tuple[Target, ...]:
    figure = cell("text_classify", "Onward", {"set": name}, beside=["interval", "tested on"])
    linear = cell("text_classify", "linear", {"set": name})
    return (
        Target("text-classify", f"{name}: {asked} % in 3 min", figure, asked, tried=tried, headline=headline),
        Target(
            "text-classify",
            f"{name}: at most .2 points below a linear model",
            difference(figure, linear),
            -0.2,
            tried=tried,
        ),
        Target(
            "text-classify",
            f"{name}: in at most 180 s",
            cell("text_classify", "seconds", {"set": name}),
            most=180,
        ),
    )


_FEATURES = (
    "other features, log-count ratios, more networks, mixtures; next: features by position for each class, and vectors "
    "of pieces learned on all texts at hand"
)

LANGUAGE = (
    Target(
        "language-model",
        "Tiny Shakespeare: 1.60 nats a character in 3 min",
        cell("language-model", "nats a character", _SHAKESPEARE, beside=["5-gram"]),
        most=1.60,
        headline="Tiny Shakespeare in 3 min, nats a character (nanoGPT: 1.88)",
    ),
    Target(
        "language-model",
        "1.50 nats in 20 min (or in 3)",
        first_of(
            cell("language-model-20", "nats a character", {"model": "Onward"}),
            cell("language-model", "nats a character", _SHAKESPEARE),
        ),
        most=1.50,
    ),
    Target(
        "language-model",
        "3 min: .2 nats below nanoGPT",
        difference(
            cell("language-model", "nats a character", {"model": "nanoGPT"}),
            cell("language-model", "nats a character", _SHAKESPEARE),
            2,
        ),
        0.2,
    ),
    Target(
        "language-model",
        "the default cell is the best at equal time (3 min; LSTM beside)",
        ratio(
            cell("language-model-cells", "nats a character", {"model": "Onward cell=mingru"}),
            cell("language-model-cells", "nats a character", {"model": "Onward cell=lstm"}),
            3,
        ),
        most=1,
    ),
    _words("10", "30", "words, 10 min: perplexity .8x of pytorch/examples' (which has none by then; its of 30 min)"),
    _words("30", "30"),
    Target(
        "language-model",
        "minGRU's core: 3x the tokens a second of an LSTM, end to end",
        ratio(
            cell("language-model-cells", "times read", {"model": "Onward cell=mingru"}),
            cell("language-model-cells", "times read", {"model": "Onward cell=lstm"}),
        ),
        3,
        tried="our LSTM's loop over time is as fast as the products of matrices that both have; the matrix at the end "
        "and the layers around the core take the rest",
    ),
    Target(
        "language-model",
        "`stdlib:docstrings` in 2 min beats the 5-gram in bits a byte",
        cell(
            "examples-2",
            "better by",
            {"task": "language-model", "score": "bits per byte"},
            beside=["value", "its value"],
        ),
        1e-9,
    ),
    Target(
        "language-model",
        "gradients: an LSTM with forget bias 3 keeps a tenth of its gradient over 99 steps",
        cell("gradients", "gradient 99 before", {"cell": "lstm, forget bias 3"}),
        0.1,
    ),
    Target(
        "language-model",
        "gradients: a tanh network's is gone after 50 steps",
        cell("gradients", "gradient 50 before", {"cell": "rnn, tanh"}),
        most=1e-6,
    ),
    Target(
        "translate",
        "Multi30k German to English: BLEU 30 in 20 min",
        cell("translate", "BLEU (or exact)", _MULTI30K),
        30,
        headline="German to English in 20 min, BLEU (plain attention: 16.6)",
    ),
    Target("translate", "BLEU 34 in 60 min", cell("translate-60", "BLEU (or exact)", {"minutes": "60"}), 34),
    Target("translate", "1,000 sentences, greedy, in 10 s", cell("translate", "greedy, s", _MULTI30K), most=10),
    Target("translate", "1,000 sentences, beam 5, in 30 s", cell("translate", "beam 5, s", _MULTI30K), most=30),
    Target(
        "translate",
        "3x the words a second of a plain attention model",
        ratio(
            cell("translate", "target words a CPU second", _MULTI30K),
            cell("translate-peer", "target words a CPU second", _PEER),
            1,
        ),
        3,
    ),
    Target(
        "translate",
        "5 BLEU above it at 20 min, greedy",
        difference(cell("translate", "greedy BLEU", _MULTI30K), cell("translate-peer", "greedy BLEU", _PEER)),
        5,
    ),
    Target(
        "translate",
        "dates: 98 % exact in 60 s",
        cell("translate", "BLEU (or exact)", {"set": "dates"}),
        98,
    ),
    *_told("sst2", 83.6, _FEATURES),
    *_told("trec", 91, _FEATURES),
    *_told("sms_spam", 98.8, headline="spam among text messages, accuracy in %"),
    *_told("mr_rt_polarity", 78.5),
    Target(
        "text-classify",
        "10 % of the labels: an own language model is worth 3 points",
        difference(
            cell("text_classify-tenth-own", "Onward", {}),
            cell("text_classify-tenth", "Onward", {}),
        ),
        3,
        tried="8 min of language model on the fold's own texts; 8,500 sentences are little to learn a language from, "
        "and the linear model is kept both times",
    ),
)
