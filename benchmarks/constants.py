"""Compute the constants that ship with the embedders, over real music, once a version.

    python benchmarks/constants.py FOLDER... --cache DIR

Writes src/segue/audio/{musicnn_constants,musicnn_words,plain_constants}.npy. A change of these files
is a change of the embedder's version.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from windows import load, middle

from segue.audio import ear as ear_module
from segue.audio.decode import decode
from segue.audio.plain import PlainEmbedder, measure
from segue.audio.tagwords import word_scores

PACKAGE = Path(ear_module.__file__).parent
QUANTILE = 0.8  # a word is said of a fifth of the songs ...
LEAST = 0.12  # ... if its tags are as probable as this together
SMALLEST = 0.02  # of the deviations' median: a number that hardly varies says nothing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    activations, tags, plain = [], [], []
    choose = middle(3, 3)
    for number, folder in enumerate(options.folders):
        for path, heard in load(folder, options.cache / ["albums", "artists"][number]):
            chosen = heard[[i for window in choose(len(heard)) for i in window]].mean(axis=0)
            activations.append(chosen[:400])
            tags.append(chosen[400:])
            plain += [measure(w.mono) for w in decode(bytes(path)).windows]
    raw = np.array(activations)
    np.save(PACKAGE / "musicnn_constants.npy", _constants(raw))
    thresholds = np.quantile(word_scores(np.array(tags)), QUANTILE, axis=0)
    np.save(PACKAGE / "musicnn_words.npy", np.maximum(thresholds, LEAST).astype(np.float32))
    measured = np.array(plain)
    assert measured.shape[1] == PlainEmbedder.dimensions
    np.save(PACKAGE / "plain_constants.npy", _constants(measured))
    print(f"{len(raw)} tracks")


def _constants(values: np.ndarray) -> np.ndarray:
    deviation = values.std(axis=0)
    return np.stack(
        [values.mean(axis=0), np.maximum(deviation, SMALLEST * np.median(deviation))]
    ).astype(np.float32)


if __name__ == "__main__":
    main()
