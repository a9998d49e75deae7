from __future__ import annotations

import base64
import os
import random
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.sources.genres import split_genres
from segue.sources.lyrics import plain_lyrics
from segue.sources.tags import Tags, describe_file, read_tags

RECORDING = "9d444787-3f25-4c16-9261-597b9ab021cc"
ALBUM = "0a8e8d55-4b83-4f8a-9732-fbb5ded9f344"
ARTIST = "87c5dedd-371d-4a53-9f7f-80522fb7f3cb"
METADATA = {
    "title": "Tïtle 曲",
    "artist": "Björk",
    "album_artist": "Various",
    "album": "Albüm",
    "track": "3/12",
    "disc": "2/2",
    "date": "1999-05-01",
    "genre": "Rock;Pop",
    "TBPM": "123.5",
    "BPM": "123.5",
    "ISRC": "GB-AYE-06-01477",
    "comment": "Cömment",
    "lyrics": "Line one\nLine two",
    "replaygain_track_gain": "-6.50 dB",
    "replaygain_album_gain": "+1.25 dB",
    "MUSICBRAINZ_TRACKID": RECORDING,
    "MusicBrainz Album Id": ALBUM,
    "MUSICBRAINZ_ARTISTID": ARTIST.upper(),
}
EVERYTHING = Tags(
    title="Tïtle 曲",
    artist="Björk",
    album_artist="Various",
    album="Albüm",
    track=3,
    disc=2,
    year=1999,
    genres=("Rock", "Pop"),
    bpm=123.5,
    isrc="GBAYE0601477",
    musicbrainz_recording_id=RECORDING,
    musicbrainz_album_id=ALBUM,
    musicbrainz_artist_id=ARTIST,
    replaygain_track_gain=-6.5,
    replaygain_album_gain=1.25,
    comment="Cömment",
    lyrics="Line one\nLine two",
)
BIG = 8_000_000


def write(path: Path, codec: str, metadata: dict[str, str], **options: str) -> Path:
    """Write a fifth of a second of noise with FFmpeg's muxer for the path's extension."""
    layout = "mono"
    with av.open(str(path), "w", options=options) as output:
        output.metadata.update(metadata)
        stream: Any = output.add_stream(codec, rate=48_000, layout=layout)
        stream.bit_rate = 96_000
        noise = np.random.default_rng(0).normal(0, 0.1, (1, 9_600)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout=layout)
        frame.sample_rate = 48_000
        frame.pts = 0
        resampler = av.AudioResampler(
            format=stream.format, layout=layout, rate=48_000, frame_size=stream.frame_size or None
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path


def read(path: Path) -> Tags:
    return read_tags(os.fsencode(path))


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("x.mp3", "libmp3lame", {}),
        ("v23.mp3", "libmp3lame", {"id3v2_version": "3"}),
        ("x.flac", "flac", {}),
        ("x.ogg", "flac", {}),
        ("x.oga", "libopus", {}),
        ("x.opus", "libopus", {}),
        ("x.wma", "wmav2", {}),
        ("x.aiff", "pcm_s16be", {"write_id3v2": "1"}),
        ("x.mka", "flac", {}),
        ("x.caf", "pcm_s16be", {}),
        ("x.wv", "wavpack", {}),
        ("x.tta", "tta", {}),
        ("quicktime.m4a", "aac", {"movflags": "use_metadata_tags"}),
    ],
)
def test_every_field_of_a_format(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg is built without {codec}")
    path = write(tmp_path / name, codec, METADATA, **options)
    assert read(path) == EVERYTHING


def test_formats_with_fewer_fields(tmp_path: Path) -> None:
    wav = read(write(tmp_path / "x.wav", "pcm_s16le", METADATA))
    assert (wav.title, wav.artist, wav.album, wav.track) == ("Tïtle 曲", "Björk", "Albüm", 3)
    assert (wav.year, wav.genres, wav.comment) == (1999, ("Rock", "Pop"), "Cömment")
    au = read(write(tmp_path / "x.au", "pcm_s16be", METADATA))
    assert (au.title, au.artist, au.album, au.track) == ("Tïtle 曲", "Björk", "Albüm", 3)
    m4a = read(write(tmp_path / "x.m4a", "aac", METADATA))
    assert m4a == replace(
        EVERYTHING,
        bpm=None, isrc=None, musicbrainz_recording_id=None, musicbrainz_album_id=None,
        musicbrainz_artist_id=None, replaygain_track_gain=None, replaygain_album_gain=None,
    )  # fmt: skip


def test_the_extension_may_be_wrong(tmp_path: Path) -> None:
    write(tmp_path / "x.flac", "flac", METADATA).rename(tmp_path / "x.mp3")
    assert read(tmp_path / "x.mp3") == EVERYTHING


# --- files made by hand ---------------------------------------------------------------------


def id3(*frames: tuple[bytes, bytes], version: int = 3, size: int | None = None) -> bytes:
    body = b"".join(
        name
        + (synchsafe(len(data)) if version == 4 else struct.pack(">I", len(data)))
        + b"\0\0"
        + data
        for name, data in frames
    )
    length = len(body) if size is None else size
    return b"ID3" + bytes([version, 0, 0]) + synchsafe(length) + body


def synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def atom(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def text_atom(name: bytes, value: str) -> bytes:
    return atom(name, atom(b"data", struct.pack(">II", 1, 0), value.encode()))


def m4a(*items: bytes) -> bytes:
    meta = atom(b"meta", b"\0\0\0\0", atom(b"ilst", *items))
    return atom(b"ftyp", b"M4A \0\0\0\0") + atom(b"moov", atom(b"udta", meta))


def own_atom(name: str, value: str) -> bytes:
    return atom(
        b"----",
        atom(b"mean", b"\0\0\0\0com.apple.iTunes"),
        atom(b"name", b"\0\0\0\0" + name.encode()),
        atom(b"data", struct.pack(">II", 1, 0), value.encode()),
    )


def comments(*pairs: tuple[str, bytes]) -> bytes:
    entries = [name.encode() + b"=" + value for name, value in pairs]
    listed = b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)
    return struct.pack("<I", 0) + struct.pack("<I", len(entries)) + listed


def flac(*blocks: tuple[int, bytes]) -> bytes:
    return b"fLaC" + b"".join(
        bytes([kind | (0x80 if place == len(blocks) - 1 else 0)])
        + len(data).to_bytes(3, "big")
        + data
        for place, (kind, data) in enumerate(blocks)
    )


def ogg(*packets: bytes) -> bytes:
    pages = []
    for packet in packets:
        lacing = [255] * (len(packet) // 255) + [len(packet) % 255]
        for start in range(0, len(lacing), 255):
            sizes = bytes(lacing[start : start + 255])
            data = packet[start * 255 : start * 255 + sum(sizes)]
            pages.append(
                b"OggS\0\0" + bytes(8) + b"\1\0\0\0" + bytes(8) + bytes([len(sizes)]) + sizes + data
            )
    return b"".join(pages)


def ape(*items: tuple[bytes, bytes, int]) -> bytes:
    body = b"".join(
        struct.pack("<II", len(value), kind << 1) + key + b"\0" + value
        for key, value, kind in items
    )
    return body + b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, len(items), 0) + bytes(8)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def asf(*objects: tuple[str, bytes]) -> bytes:
    def one(name: str, body: bytes) -> bytes:
        return bytes.fromhex(name) + struct.pack("<Q", 24 + len(body)) + body

    inner = b"".join(one(*item) for item in objects)
    header = struct.pack("<IBB", len(objects), 1, 2) + inner
    return one("3026b2758e66cf11a6d900aa0062ce6c", header)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def picture(size: int) -> bytes:
    head = struct.pack(">II", 3, 9) + b"image/png" + bytes(20)
    return head + struct.pack(">I", size) + bytes(size)


def covered(size: int) -> dict[str, bytes]:
    """One file a format with a cover of `size` bytes before the title."""
    extended = struct.pack("<H", 1) + struct.pack("<HH", 0, 0) + struct.pack("<HHI", 22, 1, size)
    library = extended + wide("WM/Picture") + bytes(size)
    extension = bytes(18) + struct.pack("<I", 24 + len(library))
    extension += bytes.fromhex("941c23449894d149a1411d134e457054")
    extension += struct.pack("<Q", 24 + len(library)) + library
    content = struct.pack("<5H", len(wide("T")), 0, 0, 0, 0) + wide("T")
    apic = b"\0image/png\0\3\0" + bytes(size)
    base = base64.b64encode(picture(size))
    tag = id3((b"APIC", apic), (b"TIT2", b"\0T"))
    block = comments(("METADATA_BLOCK_PICTURE", base), ("TITLE", b"T"))
    return {
        "v23.mp3": tag,
        "v24.mp3": id3((b"APIC", apic), (b"TIT2", b"\3T"), version=4),
        "a.m4a": m4a(
            atom(b"covr", atom(b"data", bytes(8), bytes(size))), text_atom(b"\xa9nam", "T")
        ),
        "a.flac": flac((0, bytes(34)), (6, picture(size)), (4, comments(("TITLE", b"T")))),
        "a.ogg": ogg(b"\1vorbis" + bytes(23), b"\3vorbis" + block),
        "a.opus": ogg(b"OpusHead" + bytes(11), b"OpusTags" + block),
        "a.wv": b"wvpk" + bytes(40)
        + ape((b"Cover Art (Front)", b"c.png\0" + bytes(size), 1), (b"Title", b"T", 0)),
        "a.wma": asf(("b503bf5f2ea9cf118ee300c00c205365", extension),
                     ("3326b2758e66cf11a6d900aa0062ce6c", content)),
        "a.wav": riff((b"fmt ", bytes(16)), (b"id3 ", tag), (b"data", bytes(10))),
    }  # fmt: skip


@pytest.mark.parametrize("name", covered(1))
def test_covers_are_noted_but_not_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(covered(100)[name])
    assert read(path) == Tags(title="T", has_cover=True)
    path.write_bytes(covered(BIG)[name])
    tracemalloc.start()
    try:
        assert read(path) == Tags(title="T", has_cover=True)
        assert tracemalloc.get_traced_memory()[1] < BIG / 4
    finally:
        tracemalloc.stop()


def test_itunes_own_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.write_bytes(
        m4a(
            atom(b"tmpo", atom(b"data", struct.pack(">IIH", 21, 0, 98))),
            own_atom("MusicBrainz Track Id", RECORDING),
            own_atom("replaygain_track_gain", "-3 dB"),
            own_atom("ISRC", "USRC17607839"),
            own_atom("LABEL", "None of ours"),
        )
    )
    expected = Tags(bpm=98, isrc="USRC17607839", musicbrainz_recording_id=RECORDING)
    assert read(path) == replace(expected, replaygain_track_gain=-3.0)


def test_opus_gain_is_put_on_replaygains_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    block = comments(("R128_TRACK_GAIN", b"-512"), ("R128_ALBUM_GAIN", b"256"))
    path.write_bytes(ogg(b"OpusHead" + bytes(11), b"OpusTags" + block))
    tags = read(path)
    assert (tags.replaygain_track_gain, tags.replaygain_album_gain) == (3.0, 6.0)


def test_id3_recording_id_and_lyrics_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(
        id3(
            (b"UFID", b"http://musicbrainz.org\0" + RECORDING.encode()),
            (b"USLT", b"\1eng\xff\xfe\0\0\xff\xfe" + "[00:01.00]Ä\r\nb".encode("utf-16-le")),
            (b"TCON", b"\0(17)"),
            (b"TPE1", b"\0Unknown Artist"),
            (b"TIT2", b"\0Track 07"),
        )
    )
    assert read(path) == Tags(genres=("Rock",), musicbrainz_recording_id=RECORDING, lyrics="Ä\nb")


def test_id3v1_and_ape_after_it(tmp_path: Path) -> None:
    v1 = b"TAG" + b"T".ljust(30, b"\0") + b"A".ljust(30) + bytes(30) + b"1987"
    v1 += bytes(29) + b"\3" + bytes([17])
    assert len(v1) == 128
    path = tmp_path / "a.mp3"
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    path.write_bytes(
        frame * 3 + ape((b"REPLAYGAIN_TRACK_GAIN", b"-8.2 dB", 0), (b"Artist", b"B", 0)) + v1
    )
    tags = read(path)
    assert (tags.title, tags.artist, tags.year, tags.track) == ("T", "A", 1987, 3)
    assert (tags.genres, tags.replaygain_track_gain) == (("Rock",), -8.2)


@pytest.mark.parametrize(
    ("encoding", "title", "artist"),
    [
        ("shift_jis", "残酷な天使のテーゼ", "高橋洋子"),
        ("gbk", "月亮代表我的心", "邓丽君"),
        ("big5", "突然好想你", "五月天"),
        ("euc_kr", "서른 즈음에", "김광석"),
        ("cp1251", "Группа крови", "Кино"),
        ("latin-1", "Jóga", "Björk"),
    ],
)
def test_mojibake_in_id3_becomes_readable(
    tmp_path: Path, encoding: str, title: str, artist: str
) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(
        id3((b"TIT2", b"\0" + title.encode(encoding)), (b"TPE1", b"\0" + artist.encode(encoding)))
    )
    assert read(path) == Tags(title=title, artist=artist)


def test_texts_are_cleaned_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    long = "x" * 5_000
    path.write_bytes(
        flac(
            (0, bytes(34)),
            (
                4,
                comments(
                    ("TITLE", b" a\0\x07 b\r\n\tc\xc2\x81 "),
                    ("ARTIST", long.encode()),
                    ("LYRICS", b"word \n" * 50_000),
                    ("BPM", b"0"),
                    ("TRACKNUMBER", b"9999"),
                    ("DATE", b"0000"),
                    ("ISRC", b"nonsense"),
                    ("REPLAYGAIN_TRACK_GAIN", b"nan dB"),
                ),
            ),
        )
    )
    tags = read(path)
    assert (tags.title, tags.artist) == ("a b c", "x" * 1_000)
    assert tags.lyrics is not None
    assert 90_000 < len(tags.lyrics) <= 100_000
    assert tags == Tags(title=tags.title, artist=tags.artist, lyrics=tags.lyrics)


# --- hostile and broken files -----------------------------------------------------------------


def hostile() -> dict[str, bytes]:
    values = b"\0".join(b"%d" % number for number in range(30_000))
    many = [own_atom("artists", str(number)) for number in range(5_000)]
    return {
        "size.mp3": id3((b"TIT2", b"\0T"), size=2**28 - 1),
        "frames.mp3": id3((b"TIT2", b"\0T"), *[(b"TPE1", b"\0%d" % n) for n in range(20_000)]),
        "zeros.mp3": id3((b"TIT2", b"\0T")) + b"AAAA\0\0\0\0\0\0" * 100_000,
        "values.mp3": id3((b"TIT2", b"\0T"), (b"TPE1", b"\0" + values)),
        "sums.mp3": id3((b"TIT2", b"\0T"), *[(b"TPE1", b"\0" + b"\0".join(
            b"%d" % (500 * frame + number) for number in range(500))) for frame in range(100)]),
        "frame.mp3": id3((b"TIT2", b"\0T")) + b"TPE1\xff\xff\xff\xff\0\0x",
        "many.m4a": m4a(text_atom(b"\xa9nam", "T"), *many),
        "count.flac": flac((4, comments(("TITLE", b"T"))[:4] + b"\xff" * 4 + b"\7\0\0\0TITLE=T")),
        "info.wav": riff((b"LIST", b"INFO" + b"".join(
            b"INAM" + struct.pack("<I", 2) + b"T\0" for _ in range(40_000)))),
        "cut.ogg": ogg(b"\1vorbis" + bytes(23),
                       b"\3vorbis" + comments(("TITLE", b"T")) + bytes(999))[:-900],
        "text.flac": flac((4, comments(("TITLE", b"T"), *[
            ("LYRICS", b"\xc0" * 199_000 + b"%d" % number) for number in range(40)]))),
    }  # fmt: skip


@pytest.mark.parametrize("name", hostile())
def test_hostile_tags_are_bounded_and_the_good_part_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile()[name])
    assert read(path).title == "T"


@pytest.mark.parametrize("name", covered(1))
def test_every_truncation_is_taken(tmp_path: Path, name: str) -> None:
    data = covered(10)[name]
    path = tmp_path / name
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert read(path).title in (None, "T")


_STARTS = [b"", b"ID3\3\0\0\0\0\7\x7f", b"OggS\0\2", b"fLaC", b"RIFF\0\0\0\0WAVE",
           b"FORM\0\0\0\0AIFF", b"\0\0\0\x14ftyp", b"MAC ", b"wvpk", b".snd\0\0\0\x18",
           b"caff\0\1\0\0", b"\x1a\x45\xdf\xa3",
           bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), b"TTA1", b"\xff\xfb\x90"]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    start=st.sampled_from(_STARTS),
    data=st.binary(max_size=400),
    extension=st.sampled_from(["mp3", "ogg", "m4a", "wav", "ape", "wma", "flac", "au"]),
)
def test_any_content_is_taken(tmp_path: Path, start: bytes, data: bytes, extension: str) -> None:
    path = tmp_path / f"x.{extension}"
    path.write_bytes(start + data)
    assert isinstance(read(path), Tags)
    assert describe_file(os.fsencode(path)).title


@pytest.mark.parametrize("name", [*covered(1), *hostile()])
def test_damaged_files_are_taken(tmp_path: Path, name: str) -> None:
    good = {**covered(20), **hostile()}[name][:5_000]
    path = tmp_path / name
    draw = random.Random(0)
    for _ in range(60):
        data = bytearray(good)
        for _ in range(draw.randint(1, 6)):
            data[draw.randrange(min(len(data), 400))] = draw.randrange(256)
        path.write_bytes(data)
        assert isinstance(read(path), Tags)


def test_what_is_no_regular_file_has_no_tags(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp3")
    for name in (b"fifo.mp3", b"absent.mp3", b".", b"nul\0.mp3", b"\xff.mp3", b"x" * 5_000):
        assert read_tags(os.fsencode(tmp_path) + b"/" + name) == Tags()


# --- what completes the tags ------------------------------------------------------------------


def test_lyrics_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"")
    (tmp_path / "a.txt").write_bytes("Plain words".encode("utf-16"))
    assert read(path).lyrics == "Plain words"
    lrc = "\ufeff[ti:Song]\r\n[length: 03:20]\r\n"
    lrc += "[00:12.00]川の<00:13.10>流れ\r\n[01:15.3][02:45]のように\r\n"
    (tmp_path / "a.lrc").write_bytes(lrc.encode())
    assert read(path).lyrics == "川の流れ\nのように"
    (tmp_path / "a.lrc").write_bytes("Тёплое место,\nно улицы ждут".encode("cp1251"))
    assert read(path).lyrics == "Тёплое место,\nно улицы ждут"
    (tmp_path / "a.lrc").write_bytes(b"la " * 200_000)
    assert len(read(path).lyrics or "") <= 100_000
    path.write_bytes(id3((b"USLT", b"\0eng\0From the tag")))
    assert read(path).lyrics == "From the tag"


def test_a_fifo_of_lyrics_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.lrc")
    assert read_tags(os.fsencode(tmp_path / "a.mp3")) == Tags()


def test_plain_lyrics_keeps_what_only_looks_like_a_mark() -> None:
    assert plain_lyrics("[Chorus]\n[x2]\n\n\n\nOh") == "[Chorus]\n[x2]\n\nOh"
    assert plain_lyrics(" \n\x00[00:01.00]\n") is None


def test_describe_file_completes_the_tags_from_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "Air" / "Moon Safari (1998)"
    folder.mkdir(parents=True)
    path = folder / "02 - Sexy Boy.mp3"
    path.write_bytes(id3((b"TPE1", b"\0AIR"), (b"TBPM", b"\x00110")))
    assert describe_file(os.fsencode(path)) == Tags(
        title="Sexy Boy", artist="AIR", album="Moon Safari", track=2, year=1998, bpm=110
    )


def test_describe_file_turns_title_and_artist_where_the_tag_knows_the_artist(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Sexy Boy - Air.mp3"
    path.write_bytes(id3((b"TPE1", b"\0Air")))
    described = describe_file(os.fsencode(path))
    assert (described.title, described.artist) == ("Sexy Boy", "Air")


def test_describe_file_always_has_a_title(tmp_path: Path) -> None:
    assert describe_file(os.fsencode(tmp_path) + b"/\xff\x01.mp3").title == "\ufffd"
    assert describe_file(b"").title == "?"


@pytest.mark.parametrize(
    ("values", "genres"),
    [
        (["Rock"], ("Rock",)),
        (["17"], ("Rock",)),
        (["(17)"], ("Rock",)),
        (["(17)(18)"], ("Rock", "Techno")),
        (["(17)Rock"], ("Rock",)),
        (["(RX)"], ("Remix",)),
        (["Rock; rock / Pop\0Jazz"], ("Rock", "Pop", "Jazz")),
        (["Pop/Funk"], ("Pop/Funk",)),
        (["191"], ("Psybient",)),
        (["255", "1990s", "(unknown)"], ("255", "1990s", "(unknown)")),
        (["", " ; / ", "???"], ()),
    ],
)
def test_genres(values: list[str], genres: tuple[str, ...]) -> None:
    assert split_genres(values) == genres
