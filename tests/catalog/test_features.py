from __future__ import annotations

from pathlib import Path

from incoming import database, importer, song
from segue.catalog.features import Features
from segue.catalog.incoming import FeatureRecord

A = song("Teardrop", key="spotify:a")


def test_a_row_for_each_source_with_what_it_has(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found, "feature_table", "/one.csv").write(
        [FeatureRecord(A, valence=0.2, tempo=77.0, key=9, mode=0, genres=("trip hop",))]
    )
    importer(found, "rekordbox", "/two.xml").write([FeatureRecord(A, tempo=154.0)])
    assert Features(found).of_tracks([1]) == [
        {
            "track_id": 1,
            "source": "feature_table: /one.csv",
            "valence": 0.2,
            "tempo": 77.0,
            "key": 9,
            "mode": 0,
            "genres": ["trip hop"],
        },
        {"track_id": 1, "source": "rekordbox: /two.xml", "tempo": 154.0, "genres": []},
    ]


def test_a_row_is_replaced_only_by_another_one(tmp_path: Path) -> None:
    found = database(tmp_path)
    told = []
    for valence in (0.2, 0.2, 0.3):
        writer = importer(found)
        writer.write([FeatureRecord(A, valence=valence)])
        told.append(writer.tally.features)
    assert told == [1, 0, 1]
    assert Features(found).count() == 1


def test_a_row_that_lacks_something_takes_nothing_back(tmp_path: Path) -> None:
    found = database(tmp_path)
    importer(found).write([FeatureRecord(A, valence=0.2, genres=("trip hop",))])
    importer(found).write([FeatureRecord(A, energy=0.4)])
    (row,) = Features(found).of_tracks([1])
    assert (row["valence"], row["energy"], row["genres"]) == (0.2, 0.4, ["trip hop"])
