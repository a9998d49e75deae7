from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import ListenRecord, RatingRecord, Record, Skip
from segue.catalog.records import TrackRecord
from segue.sources import listenbrainz
from segue.sources.listenbrainz import ListenBrainzExport
from segue.sources.listenbrainz_dump import ListenBrainzDump
from segue.sources.listenbrainz_json import LONGEST_LINE
from segue.sources.source import Source

DATA = Path(__file__).parent / "data"
RECORDING = "98255a8c-017a-4bc7-8dd6-1fa36124572b"
MAPPED = "11111111-017a-4bc7-8dd6-1fa36124572b"
RELEASE = "22222222-017a-4bc7-8dd6-1fa36124572b"
ARTIST = "33333333-017a-4bc7-8dd6-1fa36124572b"
MSID = "d23f4719-9212-49f0-ad08-ddbfbfc50d6f"
ID = "67Hna13dNDkZvBpTXRIaOJ"


def listen(at: Any = 1767225600, mapping: Any = None, info: Any = None, **changes: Any) -> Any:
    data = {
        "artist_name": "Massive Attack",
        "track_name": "Teardrop",
        "release_name": "Mezzanine",
        "additional_info": {} if info is None else info,
        "recording_msid": MSID,
        "mbid_mapping": mapping,
    }
    return {"listened_at": at, "user_name": "planted-user", "track_metadata": data | changes}


def love(score: Any = 1, mbid: Any = None, msid: Any = None, created: Any = 1767225800) -> Any:
    return {"recording_mbid": mbid, "recording_msid": msid, "score": score, "created": created}


def export(folder: Path, listens: list[Any], feedback: list[Any] | None = None) -> list[Record]:
    (folder / "listens" / "2026").mkdir(parents=True, exist_ok=True)
    lines = (each if isinstance(each, str) else json.dumps(each) for each in listens)
    (folder / "listens" / "2026" / "1.jsonl").write_text("\n".join(lines))
    (folder / "feedback.jsonl").write_text("".join(f"{json.dumps(f)}\n" for f in feedback or []))
    (folder / "user.json").write_text('{"user_id": 1, "username": "planted-user"}')
    found, error = read(ListenBrainzExport(folder))
    assert not error
    storable(found)
    assert "planted-user" not in repr(found)
    return found


def one(folder: Path, *args: Any, **changes: Any) -> TrackRecord:
    (found,) = export(folder, [listen(*args, **changes)])
    assert isinstance(found, ListenRecord)
    return found.track


def test_the_sample() -> None:
    source = ListenBrainzExport(DATA / "listenbrainz_u_1767225600.zip")
    assert isinstance(source, Source)
    assert source.recognises(source.path, b"PK")
    found, error = read(source)
    assert not error
    track = TrackRecord(
        "Track A",
        "Artist A",
        "Album A",
        duration=222.0,
        outside_ids=(("musicbrainz_recording", RECORDING),),
        key=f"musicbrainz:{RECORDING}",
    )
    assert found == [
        ListenRecord(track, 1767225600),
        RatingRecord(track, 1.0, 1767225800),
    ]


def test_what_it_recognises(tmp_path: Path) -> None:
    assert not ListenBrainzExport.recognises(tmp_path, b"")
    (tmp_path / "feedback.jsonl").write_text("")
    assert not ListenBrainzExport.recognises(tmp_path, b"")
    (tmp_path / "user.json").write_text("{}")
    assert ListenBrainzExport.recognises(tmp_path, b"")
    assert not ListenBrainzExport.recognises(DATA / "my_spotify_data.zip", b"PK")
    assert not ListenBrainzExport.recognises(DATA / "lb_dump_2026_1.listens", b"{")
    assert not ListenBrainzDump.recognises(tmp_path, b"")


def test_the_players_own_ids_come_before_those_found_by_name(tmp_path: Path) -> None:
    mapping = {
        "recording_mbid": MAPPED,
        "release_mbid": RELEASE,
        "artists": [
            {"artist_credit_name": "Massive Attack", "artist_mbid": ARTIST, "join_phrase": ""}
        ],
    }
    info = {
        "recording_mbid": RECORDING.upper(),
        "isrc": "gb-aaa-98-00001",
        "duration": 330,
        "spotify_id": f"https://open.spotify.com/track/{ID}",
    }
    assert one(tmp_path, mapping=mapping, info=info) == TrackRecord(
        "Teardrop",
        "Massive Attack",
        "Mezzanine",
        duration=330.0,
        outside_ids=(
            ("musicbrainz_recording", RECORDING),
            ("musicbrainz_album", RELEASE),
            ("isrc", "GBAAA9800001"),
            ("musicbrainz_artist", ARTIST),
        ),
        key=f"spotify:{ID}",
        artists=("Massive Attack",),
        artist_keys=(f"musicbrainz:{ARTIST}",),
        album_key=f"musicbrainz:{RELEASE}",
    )
    assert one(tmp_path, mapping=mapping).key == f"musicbrainz:{MAPPED}"
    assert one(tmp_path) == TrackRecord("Teardrop", "Massive Attack", "Mezzanine")


@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, {"artists": [{}], "release_mbid": 1}])
def test_what_is_of_a_wrong_type_is_unknown(tmp_path: Path, wrong: Any) -> None:
    plain = TrackRecord("Teardrop", "Massive Attack", "Mezzanine")
    assert one(tmp_path, mapping=wrong, info={"recording_mbid": wrong, "isrc": wrong}) == plain
    assert one(tmp_path, info=wrong) == plain
    assert one(tmp_path, info={"duration_ms": -1, "spotify_id": wrong}) == plain


def test_lines_that_are_left_out(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        [
            json.dumps(listen()) + "\r",
            "",
            " " * (LONGEST_LINE * 3),
            '{"listened_at": 1767225600, "tr',
            "[1]",
            listen(track_name=None),
            listen(at=None),
            listen(at=10**20),
            listen(at=5),
            {},
            listen(at=1767225601),
        ],
    )
    assert [getattr(each, "reason", "listen") for each in found] == [
        "listen",
        "a line too long",
        "a line that is no JSON",
        "not an object",
        "no title",
        *["no date, or one that cannot be"] * 4,
        "listen",
    ]


def test_feedback_takes_its_names_from_the_listens(tmp_path: Path) -> None:
    found = export(
        tmp_path,
        [listen(mapping={"recording_mbid": MAPPED}, info={"recording_mbid": RECORDING})],
        [
            love(1, mbid=RECORDING),
            love(-1, mbid=MAPPED),
            love(0, msid=MSID.upper()),
            love(1, mbid=RELEASE, msid=MSID, created="x"),
            love(1, mbid=RELEASE),
            love(1),
            love(2, mbid=RECORDING),
            love("love", mbid=RECORDING),
        ],
    )
    ratings = [each for each in found if isinstance(each, RatingRecord)]
    assert [(each.value, each.at) for each in ratings] == [
        (1.0, 1767225800),
        (-1.0, 1767225800),
        (0.0, 1767225800),
        (1.0, None),
    ]
    assert {each.track.title for each in ratings} == {"Teardrop"}
    unknown = "feedback on a recording that was never listened to"
    neither = "feedback that is neither love nor hate"
    reasons = [each.reason for each in found if isinstance(each, Skip)]
    assert reasons == [unknown, unknown, neither, neither]


def test_feedback_is_looked_up_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listenbrainz, "_AT_ONCE", 2)
    found = export(tmp_path, [listen()], [love(1, msid=MSID)] * 5)
    assert sum(isinstance(each, RatingRecord) for each in found) == 5


def test_feedback_is_read_again_when_there_are_more_listens(tmp_path: Path) -> None:
    export(tmp_path, [listen()], [love()])
    *_, before = ListenBrainzExport(tmp_path).parts()
    (tmp_path / "listens" / "2026" / "2.jsonl").write_text(json.dumps(listen()))
    *_, after = ListenBrainzExport(tmp_path).parts()
    assert before.name == after.name == "feedback.jsonl"
    assert before.stamp != after.stamp


def test_a_zip_with_names_that_lead_out_of_it(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../listens/2026/1.jsonl", json.dumps(listen()))
        archive.writestr("listens/2026/2.jsonl", json.dumps(listen()))
    found, _ = read(ListenBrainzExport(path))
    assert [type(each) for each in found] == [ListenRecord, Skip]


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(RECORDING)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                "recording_mbid release_mbid artists artist_mbid artist_credit_name isrc "
                "spotify_id duration duration_ms release_name".split()
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                "at mapping info artist_name track_name release_name recording_msid".split()
            ),
            values,
        )
    ),
    st.lists(st.dictionaries(st.sampled_from(["score", "mbid", "msid", "created"]), values)),
)
def test_any_line_is_a_record_or_a_skip(
    tmp_path_factory: pytest.TempPathFactory,
    listens: list[dict[str, Any]],
    feedback: list[dict[str, Any]],
) -> None:
    found = export(
        tmp_path_factory.mktemp("l"),
        [listen(**each) for each in listens],
        [love(**each) for each in feedback],
    )
    assert len(found) == len(listens) + len(feedback)
