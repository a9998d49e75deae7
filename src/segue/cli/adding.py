"""Commands that bring music in: start, add, watch, demo."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

import segue
from segue.cli import options, output
from segue.config import music_path
from segue.errors import EarError, SegueError
from segue.types import SCHEMA_VERSION

if TYPE_CHECKING:
    from segue.service.add import AddReport
    from segue.service.library import Library
    from segue.types import Answer, Track

_FAILED_SOME = 3


@click.command()
@click.argument("what", nargs=-1, type=click.Path(), metavar="[SOURCE]...")
@click.option("--as", "kind", metavar="KIND", help="What SOURCE is, where it is not recognised.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes.  [default: cores]")
@options.library
@options.as_json
def add(
    what: tuple[str, ...],
    kind: str | None,
    workers: int | None,
    library_path: str | None,
    as_json: bool,
) -> int:
    """Add music, playlists and listening, or bring them up to date.

    A SOURCE is a folder of music or a file; an export of Spotify, ListenBrainz, iTunes, Rekordbox
    or Exportify, zipped or not; the Million Playlist Dataset; a playlist (M3U, XSPF, JSPF); a
    table of audio features; a NetEase playlist; http://host:port of an OpenSubsonic server
    (Navidrome, Gonic ...); or listenbrainz:USER. Without any, all folders that were added.

    Adding again brings in what is new. It can be stopped at any time and goes on where it was.
    KIND is one of: music, million_playlist, challenge_set, spotify_history, spotify_account,
    listenbrainz, listenbrainz_dump, listenbrainz_api, cookbook, cookbook_db, exportify,
    feature_table, itunes, rekordbox, xspf, jspf, netease, m3u, subsonic.

    Exit status: 0 when all went well, 3 when some of it failed, 2 for wrong use, 1 otherwise.
    """
    with options.open_library(library_path) as library:
        report = _add(library, what, workers, kind=kind, quiet=as_json)
    if as_json:
        output.print_json(report.to_json())
    else:
        output.print_report(report)
    failed = report.failed or any(source.failed for source in report.sources)
    return _FAILED_SOME if failed else 0


@click.command()
@click.argument("folders", nargs=-1, type=click.Path())
@options.library
@options.as_json
def watch(folders: tuple[str, ...], library_path: str | None, as_json: bool) -> None:
    """Keep the library up to date as files in FOLDERS come, change and go.

    Without FOLDERS, all that were added before. Runs until it is stopped with Ctrl-C. With
    --json, each round is one line.
    """

    def tell(report: AddReport) -> None:
        if as_json:
            click.echo(json.dumps(report.to_json(), ensure_ascii=False))
            return
        output.print_report(report)
        click.echo("Watching; stop with Ctrl-C.", err=True)

    def warn(error: SegueError) -> None:
        click.echo(f"segue: {error}", err=True)

    with options.open_library(library_path) as library:
        library.watch(*folders, on_report=tell, on_problem=warn)


@click.command()
@click.argument("folder", type=click.Path())
@options.as_json
def demo(folder: str, as_json: bool) -> None:
    """Render the demo library into FOLDER: 40 short pieces in 8 styles.

    Segue plays them itself, so that it can be tried with no music at hand.
    """
    from segue.audio.demo import write_library

    files = write_library(Path(os.path.expanduser(folder)))
    if as_json:
        output.print_json({"schema": SCHEMA_VERSION, "files": [os.fspath(file) for file in files]})
        return
    click.echo(f"{len(files)} pieces are in {folder}; add them with `segue add {folder}`")


@click.command()
@click.argument("folder", required=False, type=click.Path())
@options.library
@options.as_json
def start(folder: str | None, library_path: str | None, as_json: bool) -> int:
    """Add a FOLDER of music and show what sounds like one of its songs.

    Without FOLDER, what was added before; else your music folder; if there is none, the
    demo library. Fetches the
    ear first, the network that listens, if it is not there.
    """
    _fetch_ear()
    with options.open_library(library_path) as library:
        folders = _first_folders(library, folder)
        report = _add(library, folders, None, quiet=as_json)
        track = _first_track(library, folders)
        answer = library.similar(track.id, k=5) if track is not None else None
    if as_json:
        shown = answer.to_json() if answer is not None else None
        output.print_json({"schema": SCHEMA_VERSION, "add": report.to_json(), "similar": shown})
    else:
        output.print_report(report)
        _print_example(answer)
    return _FAILED_SOME if report.failed else 0


def _add(
    library: Library,
    what: tuple[str, ...],
    workers: int | None,
    *,
    kind: str | None = None,
    quiet: bool,
) -> AddReport:
    with output.progress(quiet=quiet) as tell:
        return library.add(*what, kind=kind, workers=workers, on_progress=tell)


def _fetch_ear() -> None:
    from segue.audio.ear import installed
    from segue.config import ear_path

    if installed(ear_path()):
        return
    click.echo("Fetching the ear, the network that listens (29 MB, once) ...", err=True)
    try:
        segue.install_ear()
    except EarError as error:
        click.echo(f"{error}.", err=True)


def _first_folders(library: Library, folder: str | None) -> tuple[str, ...]:
    """Return what to add: the folder named, else those of before, the user's music, the demo."""
    if folder is not None:
        return (folder,)
    known = tuple(path for path in library.folders() if os.path.exists(path))
    if known:
        return known
    from segue.sources.walk import walk

    music = music_path()
    if music.is_dir() and next(walk(music, on_problem=lambda *_: None), None) is not None:
        return (os.fspath(music),)
    from segue.audio.demo import write_library

    target = library.path / "demo"
    click.echo(f"No music in {music}: rendering the demo library into {target} ...", err=True)
    write_library(target)
    return (os.fspath(target),)


def _first_track(library: Library, folders: tuple[str, ...]) -> Track | None:
    """Return a song that lies in one of the folders."""
    places = [os.path.abspath(os.path.expanduser(folder)) for folder in folders]
    for track in library.tracks():
        path = os.fsdecode(track.path or b"")
        if any(path == place or path.startswith(place.rstrip(os.sep) + os.sep) for place in places):
            return track
    return None


def _print_example(answer: Answer | None) -> None:
    """Print one answer, and what to type next."""
    if answer is None:
        click.echo("There was no music in the folder; try another: `segue start FOLDER`")
        return
    click.echo()
    output.print_answer(answer)
    seed = answer.seed
    words = " ".join(f"{seed.title} {seed.artist}".split()[:4])
    click.echo("Next:")
    click.echo(f"  segue similar {shlex.quote(words)}")
    click.echo("  segue similar PATH/TO/ANY/SONG.mp3 -k 20 --m3u next.m3u8")
    click.echo("  segue search WORDS        segue status        segue --help")
