"""Commands that ask: similar, search, show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import click

from segue.cli import options, output
from segue.errors import LibraryError
from segue.types import SCHEMA_VERSION

_SHOWN: Final = 8  # other versions of a song
_UNITS: Final = {"tempo": " BPM", "loudness": " dB", "popularity": " of 100"}
_KEYS: Final = "C C♯ D E♭ E F F♯ G A♭ A B♭ B".split()


@click.command()
@click.argument("song", nargs=-1, required=True)
@click.option(
    "-k", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="How many."
)
@click.option("--with", "having", multiple=True, metavar="WORD", help="Only songs with this word.")
@click.option("--without", "lacking", multiple=True, metavar="WORD", help="No songs with it.")
@click.option("--m3u", type=click.Path(), metavar="FILE", help="Also write a playlist.")
@click.option("--open", "play", is_flag=True, help="Play them with the system's player.")
@options.library
@options.as_json
def similar(
    song: tuple[str, ...],
    k: int,
    having: tuple[str, ...],
    lacking: tuple[str, ...],
    m3u: str | None,
    play: bool,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Show the songs that sound most like SONG.

    SONG is a file, in the library or not; a track's id; or words of title and artist, in any
    spelling that is close. If several match, the best is taken and the others are named. The same
    recording under another name is left out. `segue status` lists the words for --with
    and --without.
    """
    with options.open_existing(library_path) as library:
        answer = library.similar(" ".join(song), k, having=having, lacking=lacking)
        count, playlist = 0, m3u
        if play and playlist is None:
            if library.read_only:
                raise LibraryError("the library cannot be written; use --m3u FILE with --open")
            playlist = str(library.path / "similar.m3u8")
        if playlist is not None:
            count = library.write_playlist(playlist, answer)
    if as_json:
        output.print_json(answer.to_json())
    else:
        output.print_answer(answer)
    if m3u and not as_json:
        click.echo(f"{count} song{'s' * (count != 1)} written to {m3u}")
    if play and click.launch(str(playlist)) != 0:
        raise LibraryError(f"the system has no player for {playlist}; use --m3u FILE instead")


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option(
    "-n",
    "limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many at most.",
)
@click.option("--versions", is_flag=True, help="Show all pressings of each song.")
@options.library
@options.as_json
def search(
    words: tuple[str, ...], limit: int, versions: bool, library_path: str | None, as_json: bool
) -> int:
    """Find songs by WORDS, of all that the library knows.

    WORDS are of title, artist and album. Parts of words, accents and typing errors are forgiven.
    The best match comes first; of equally good ones the song that stands in more playlists.

    Exit status: 0 when something was found, 1 when not.
    """
    with options.open_existing(library_path) as library:
        tracks = library.search(" ".join(words), limit)
        pressings = library.versions(tracks) if versions else {}
    if as_json:
        found = [track.to_json() for track in tracks]
        for track, shown in zip(tracks, found, strict=True):
            if versions:
                shown["versions"] = [other.to_json() for other in pressings[track.id]]
        output.print_json({"schema": SCHEMA_VERSION, "tracks": found})
    elif tracks:
        output.print_tracks(tracks, pressings)
    else:
        click.echo(f"Nothing is called {' '.join(words)!r}.", err=True)
    return 0 if tracks else 1


@click.command()
@click.argument("song", nargs=-1, required=True)
@options.library
@options.as_json
def show(song: tuple[str, ...], library_path: str | None, as_json: bool) -> None:
    """Show everything known of SONG.

    It is named as for `segue similar`.
    """
    with options.open_existing(library_path) as library:
        known = library.show(" ".join(song))
    if as_json:
        output.print_json(known)
        return
    output.table(
        [("", {"style": "bold"}), ("", {"overflow": "fold", "no_wrap": False, "ratio": 1})],
        [(name, text) for name, text in _lines(known) if text],
    )


def _lines(known: dict[str, Any]) -> list[tuple[str, str]]:
    measured = known["descriptors"]
    lines = [
        ("title", known["title"]),
        ("artist", known["artist"]),
        ("album", known["album"]),
        ("album artist", known["album_artist"] if known["album_artist"] != known["artist"] else ""),
        ("disc", _number(known["disc_number"], "{}")),
        ("track", _number(known["track_number"], "{}")),
        ("year", _number(known["year"], "{}")),
        ("genres", ", ".join(known["genres"])),
        ("heard genre", _heard_genre(known["heard_genre"])),
        ("length", output.length(known["duration"])),
        ("sounds", ", ".join(known["words"])),
        ("tempo", _sure(measured, "tempo", _number(measured.get("tempo"), "{:.0f} BPM"))),
        ("tempo in tags", _number(measured.get("tagged_tempo"), "{:.0f} BPM")),
        ("key", _sure(measured, "key", measured.get("key_name", ""))),
        ("loudness", _number(measured.get("loudness"), "{:.1f} LUFS")),
        ("brightness", _number(measured.get("brightness"), "{:.0f} Hz")),
        ("onsets", _number(measured.get("onset_rate"), "{:.1f} a second")),
        ("silence", _number(measured.get("silence"), "{:.0%}")),
        ("id", _id(known)),
        *((entry["kind"].replace("_", " "), entry["value"]) for entry in known["outside_ids"]),
        ("playlists", _number(known["playlists"] or None, "{:,}")),
        ("listening", _listening(known["listening"])),
        *(("features", _features(row)) for row in known["features"]),
        *(("merged with", _other(track)) for track in known["merged"]),
        *_versions(known["versions"]),
    ]
    for file in known["files"]:
        form = f"{file['codec']}, {file['sample_rate']} Hz, {file['channels']} ch"
        state = "" if file["state"] == "ok" else f" ({file['state']})"
        lines.append(("file", f"{file['path']}{state}  [{form}, {file['size'] / 1e6:.1f} MB]"))
        lines.append(("problem", file["problem"] or ""))
        lines.append(("track gain", _number(file["track_gain"], "{:+.1f} dB")))
        lines.append(("album gain", _number(file["album_gain"], "{:+.1f} dB")))
        lines.append(("cover", "embedded" if file["has_cover"] else ""))
    if known["lyrics"]:
        lines.append(("lyrics", known["lyrics"]))
    return lines


def _heard_genre(guess: dict[str, Any] | None) -> str:
    if guess is None:
        return ""
    return f"{guess['genre'] or 'unknown'} ({guess['certainty']:.2f} sure)"


def _id(track: dict[str, Any]) -> str:
    """Return the id a service knows a track by; what else is a key says no more than its names."""
    service = (track["key"] or "").partition(":")[0]
    return "" if service in ("", "name", "path", "musicbrainz") else str(track["key"])


def _other(track: dict[str, Any]) -> str:
    names = " - ".join(filter(None, (track["artist"], track["title"])))
    about = ", ".join(filter(None, (track["album"], output.length(track["duration"]), _id(track))))
    return f"{names or 'no name yet'} ({track['id']})" + (f"  {about}" if about else "")


def _versions(tracks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    yield from (("version", _other(track)) for track in tracks[:_SHOWN])
    if len(tracks) > _SHOWN:
        yield "", f"and {len(tracks) - _SHOWN:,} more versions"


def _listening(told: dict[str, Any]) -> str:
    parts = [
        output.counted([(told["listens"], "listens")]),
        _number(told["skips"] or None, "{:,} cut short"),
        _dates(told["first_listen"], told["last_listen"]),
        _number(told["play_count"], "play count {:,}"),
        *(f"rated {rating:+g}" for rating in told["ratings"]),
    ]
    return ", ".join(filter(None, parts))


def _dates(first: int | None, last: int | None) -> str:
    days = [f"{datetime.fromtimestamp(at):%Y-%m-%d}" for at in (first, last) if at is not None]
    return " to ".join(dict.fromkeys(days))


def _features(row: dict[str, Any]) -> str:
    row = dict(row)
    source, genres = row.pop("source"), ", ".join(row.pop("genres"))
    del row["track_id"]
    mode = {1: " major", 0: " minor", None: ""}[row.pop("mode", None)]
    key = row.pop("key", None)
    said = [f"{name} {value:.3g}{_UNITS.get(name, '')}" for name, value in row.items()]
    if key is not None:
        said.append(f"key {_KEYS[key]}{mode}")
    if genres:
        said.append(genres)
    return f"{', '.join(said)}\n[{source}]"


def _sure(measured: dict[str, Any], name: str, text: str) -> str:
    certainty = measured.get(f"{name}_certainty")
    return f"{text} ({certainty:.0%} sure)" if text and certainty is not None else text


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
