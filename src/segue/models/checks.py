"""What every recommender checks before it works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segue.errors import UsageError
from segue.types import Interactions


def check_positive(options: Mapping[str, Any], *names: str) -> None:
    """Raise UsageError if one of these options is below 1."""
    for name in names:
        if options[name] < 1:
            raise UsageError(f"{name} is {options[name]}, expected at least 1")


def check_k(k: int) -> None:
    """Raise UsageError if so many songs cannot be asked for."""
    if k < 1:
        raise UsageError(f"k is {k}, expected at least 1")


def check_fit(name: str, interactions: Interactions, tracks: int) -> None:
    """Raise UsageError if there is nothing to learn from."""
    if len(interactions) == 0:
        raise UsageError(
            f"{name} has nothing to learn from: there are no playlists or listens; "
            "add some with `segue add`"
        )
    if tracks == 0:
        raise UsageError(
            f"{name} has nothing to learn from: none of {len(interactions.track_ids):,} tracks "
            f"is in enough of the {len(interactions):,} playlists; add more of them"
        )
