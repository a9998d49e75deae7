"""What the networks' 100 tags say, in words a person reads and filters by."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.musicnn import NETWORKS, TAGS

FACETS: Final[dict[str, dict[str, str]]] = {
    # facet: {word: the tags that mean it, comma-separated; see `TAGS`}
    "genre": {
        "rock": "rock",
        "pop": "pop",
        "electronic": "electronic,electronica,electro",
        "techno": "techno,house,beats",
        "dance": "dance,party",
        "ambient": "ambient,chillout,chill,new age",
        "classical": "classical,classic",
        "jazz": "jazz",
        "metal": "metal,heavy metal,hard rock",
        "punk": "punk",
        "alternative": "alternative,alternative rock",
        "indie": "indie,indie rock,indie pop",
        "progressive rock": "progressive rock",
        "classic rock": "classic rock",
        "folk": "folk",
        "country": "country",
        "blues": "blues",
        "soul": "soul,rnb",
        "funk": "funk",
        "hip-hop": "hip-hop",
        "easy listening": "easy listening",
        "oldies": "oldies",
        "experimental": "experimental,weird",
        "indian": "indian,sitar",
        "opera": "opera",
    },
    "instrument": {
        "guitar": "guitar",
        "acoustic": "acoustic",
        "piano": "piano",
        "strings": "strings",
        "violin": "violin",
        "cello": "cello",
        "harp": "harp",
        "harpsichord": "harpsichord",
        "flute": "flute",
        "synth": "synth",
        "drums": "drums,beat",
        "solo": "solo",
    },
    "voice": {
        "no vocals": "no vocals,no vocal,no voice,instrumental",
        "vocals": "vocal,vocals,singing,voice",
        "female vocals": "female,woman,female vocal,female voice,female vocalists,female vocalist",
        "male vocals": "male,man,male vocal,male voice,male vocalists",
        "choir": "choir,choral",
    },
    "pace": {"fast": "fast", "slow": "slow"},
    "force": {"loud": "loud", "quiet": "quiet,soft"},
    "mood": {
        "happy": "happy,catchy",
        "sad": "sad",
        "mellow": "mellow",
        "beautiful": "beautiful",
        "sexy": "sexy",
    },
    "era": {"60s": "60s", "70s": "70s", "80s": "80s", "90s": "90s", "00s": "00s"},
}

WORDS: Final = tuple(word for words in FACETS.values() for word in words)

# Of such opposites only the stronger is said.
_OPPOSITES: Final = (
    ({"fast"}, {"slow"}),
    ({"loud"}, {"quiet"}),
    ({"happy"}, {"sad"}),
    ({"no vocals"}, {"vocals", "female vocals", "male vocals", "choir", "opera"}),
)
_KEPT: Final = 8


def words(tags: NDArray[np.float32]) -> list[tuple[str, float]]:
    """Return the words for tag probabilities [shape=(100,)], MTT's then MSD's, strongest first.

    A word's score is the sum of its tags' probabilities; its strength that score over a threshold
    which a fifth of real songs pass (``benchmarks/constants.py``). Words below 1 are not said.
    """
    strengths = dict(zip(WORDS, word_scores(tags) / _thresholds(), strict=True))
    said = {word: float(s) for word, s in strengths.items() if s >= 1}
    for one, other in _OPPOSITES:
        strongest = max(one | other, key=lambda word: strengths[word])
        for word in other if strongest in one else one:
            said.pop(word, None)
    return sorted(said.items(), key=lambda item: (-item[1], item[0]))[:_KEPT]


def word_scores(tags: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each word's sum of probabilities [shape=(..., words)] for tags [shape=(..., 100)]."""
    scores: NDArray[np.float32] = tags @ _members()
    return scores


@cache
def _members() -> NDArray[np.float32]:
    """Which tag belongs to which word [shape=(100, words)]; a tag of both networks counts twice."""
    names = [tag for network in NETWORKS for tag in TAGS[network]]
    matrix = np.zeros((len(names), len(WORDS)), dtype=np.float32)
    column = 0
    for facet in FACETS.values():
        for members in facet.values():
            for tag in members.split(","):
                matrix[[i for i, name in enumerate(names) if name == tag], column] = 1
            column += 1
    return matrix


@cache
def _thresholds() -> NDArray[np.float32]:
    with resources.files("segue.audio").joinpath("musicnn_words.npy").open("rb") as file:
        thresholds: NDArray[np.float32] = np.load(file, allow_pickle=False)
    return thresholds
