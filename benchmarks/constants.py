"""Compute the constants that ship with the embedders, over real music, once a version.

    python benchmarks/constants.py FOLDER... --cache DIR

Writes src/segue/audio/{musicnn_constants,musicnn_words,plain_constants}.npy. A change of these
files is a change of the embedder's version.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from windows import Array, load, middle

from segue.audio import ear as ear_module
from segue.audio.decode import decode
from segue.audio.plain import PlainEmbedder, measure
from segue.audio.tagwords import word_scores

PACKAGE = Path(ear_module.__file__).parent
QUANTILE = 0.8  # a word is said of a fifth of the songs ...
LEAST = 0.12  # ... if its tags are as probable as this together
POWER = 0.25  # of the variance: half way to whitening; 0 and 0.5 were worse on both sets
FLOOR = 0.05  # added to the variances, so that noise is not blown up
SMALLEST = 0.02  # of the deviations' median: a number that hardly varies says nothing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    activations, tags, plain = [], [], []
    choose = middle(5, 1)
    for number, folder in enumerate(options.folders):
        for path, heard in load(folder, options.cache / ["albums", "artists"][number]):
            chosen = heard[[i for window in choose(len(heard)) for i in window]].mean(axis=0)
            activations.append(chosen[:400])
            tags.append(chosen[400:])
            plain += [measure(w.mono) for w in decode(bytes(path)).windows]
    raw = np.array(activations)
    np.save(PACKAGE / "musicnn_constants.npy", _axes(raw))
    thresholds = np.quantile(word_scores(np.array(tags)), QUANTILE, axis=0)
    np.save(PACKAGE / "musicnn_words.npy", np.maximum(thresholds, LEAST).astype(np.float32))
    measured = np.array(plain)
    assert measured.shape[1] == PlainEmbedder.dimensions
    np.save(PACKAGE / "plain_constants.npy", _mean_and_deviation(measured))
    print(f"{len(raw)} tracks")


def _axes(raw: Array) -> NDArray[np.float16]:
    """Return the mean, then the axes: z-score, principal axes, each over its variance ** POWER."""
    mean, deviation = _mean_and_deviation(raw)
    standard = (raw - mean) / deviation
    variances, axes = np.linalg.eigh(standard.T @ standard / len(raw))
    axes = axes[:, ::-1] * np.sign(axes[np.abs(axes).argmax(axis=0), range(len(axes))])[::-1]
    scaled = axes / (np.maximum(variances[::-1], 0) + FLOOR) ** POWER
    return np.vstack([mean, scaled / deviation[:, None]]).astype(np.float16)


def _mean_and_deviation(values: Array) -> Array:
    deviation = values.std(axis=0)
    least = SMALLEST * np.median(deviation)
    return np.stack([values.mean(axis=0), np.maximum(deviation, least)]).astype(np.float32)


if __name__ == "__main__":
    main()
