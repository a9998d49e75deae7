"""A library with playlists of three artists and a model that tells them apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from incoming import importer, playlist, song
from segue.catalog.catalog import Catalog
from segue.catalog.incoming import FeatureRecord
from segue.catalog.records import TrackRecord
from segue.models.artifact import save_artifact
from segue.models.vector_search import VectorSearch
from segue.models.vocabulary import Vocabulary

ARTISTS = ("Abba", "Burial", "Can")
TITLES = ("Amber", "Birch", "Cedar", "Dune", "Ember", "Fern", "Gorse", "Heath")


def track(artist: str, title: str) -> TrackRecord:
    return song(title, artist, key=f"test:{artist} {title}")


def fill(folder: Path) -> None:
    """Make the library: an artist's first song is in all the artist's playlists, and so on."""
    catalog = Catalog(folder)
    try:
        writer = importer(catalog.database)
        for artist in ARTISTS:
            songs = [track(artist, title) for title in TITLES]
            writer.write(
                [playlist(f"test:{artist}{n}", *songs[:n]) for n in range(1, len(songs) + 1)]
            )
        writer.write(
            [
                FeatureRecord(track("Abba", "Amber"), valence=0.9, energy=0.8, genres=("Pop",)),
                FeatureRecord(track("Abba", "Birch"), valence=0.7, genres=("pop",)),
                FeatureRecord(track("Can", "Amber"), valence=0.1, arousal=0.2, genres=("Kraut",)),
            ]
        )
        catalog.refresh()
        fit(catalog, folder)
    finally:
        catalog.close()


def fit(catalog: Catalog, folder: Path, seed: int = 0) -> None:
    """Store a word2vec model whose vectors are planted: one direction for each artist."""
    query = "SELECT id, artist, playlists FROM track ORDER BY id"
    ids, artists, counts = zip(*catalog.database.query(query), strict=True)
    place = np.array([ARTISTS.index(artist) for artist in artists])
    noise = np.random.default_rng(seed).standard_normal((len(ids), 8)).astype(np.float32)
    vectors = 3 * np.eye(3, 8, dtype=np.float32)[place] + 0.2 * noise
    vocabulary = Vocabulary.made(
        np.array(ids, dtype=np.int64), place + 1, np.zeros(len(ids), dtype=np.int64),
        np.array(counts, dtype=np.int32),
    )  # fmt: skip
    search = VectorSearch.build(vectors, "inner_product")
    arrays = {**vocabulary.arrays(), **search.arrays()}
    save_artifact(folder / "models", "word2vec", arrays, {"options": {}})
