"""Commands that look after a library: status, problems, move, forget, backup and others."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import click

import segue
from segue.cli import options, output
from segue.config import ear_path
from segue.config import library_path as library_folder
from segue.types import SCHEMA_VERSION, display_path

_MARKS: Final = {"ok": "ok", "warning": "look", "bad": "BAD"}
_PATHS_SHOWN: Final = 10


@click.command()
@options.library
@options.as_json
def status(library_path: str | None, as_json: bool) -> None:
    """Show how much the library holds."""
    with options.open_existing(library_path) as library:
        found = library.status()
    if as_json:
        output.print_json(found)
        return
    output.table(
        [("", {"style": "bold"}), ("", {"overflow": "fold", "no_wrap": False, "ratio": 1})],
        [line for line in _status_lines(found) if line[1]],
    )


def _status_lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    heard = ", ".join(f"{e['name']} {e['version']}: {e['tracks']:,}" for e in found["embedders"])
    from segue.audio.tagwords import FACETS

    words = found["words"]
    facets = [
        (facet, ", ".join(f"{word} {words[word]:,}" for word in words if word in members))
        for facet, members in FACETS.items()
    ]
    return [
        ("library", found["library"]),
        ("tracks", f"{found['tracks']:,} ({found['hours']:.1f} hours)"),
        ("files", f"{found['files']:,} present, {found['missing']:,} missing"),
        ("known", _known(found)),
        ("playlists", f"{found['playlists']:,} ({found['entries']:,} entries)"),
        ("listening", _listening(found)),
        ("feature rows", f"{found['features']:,}" if found["features"] else ""),
        ("folders", "\n".join(found["folders"]) or "none yet: `segue add FOLDER`"),
        ("heard by", heard or "nothing yet"),
        ("ear", found["ear"] + (": `segue ear install`" if found["ear"] == "missing" else "")),
        ("size", f"{found['bytes'] / 1e6:.1f} MB"),
        (
            "problems",
            f"{found['problems']:,}" + (": `segue problems`" if found["problems"] else ""),
        ),
        *(facet for facet in facets if facet[1]),
    ]


def _known(found: dict[str, Any]) -> str:
    merged = found["merges"].get("merged", 0)
    songs = output.counted([(found["songs"], "songs")]) or "0 songs"
    artists, tracks = (
        output.counted([(found[name], word)]) or f"0 {word}"
        for name, word in (("artists", "artists"), ("known_tracks", "tracks"))
    )
    return f"{songs} by {artists}, as {tracks}" + (f" ({merged:,} merged)" if merged else "")


def _listening(found: dict[str, Any]) -> str:
    return output.counted(
        [
            (found["listens"], "listens"),
            (found["ratings"], "ratings"),
            (found["play_counts"], "play counts"),
        ]
    )


@click.command()
@options.library
@options.as_json
def problems(library_path: str | None, as_json: bool) -> None:
    """List the files that could not be used, or only in part, and why."""
    with options.open_existing(library_path) as library:
        found = library.problems()
    if as_json:
        rows = [{**dataclasses.asdict(p), "path": display_path(p.path)} for p in found]
        output.print_json({"schema": SCHEMA_VERSION, "problems": rows})
        return
    for problem in found:
        click.echo(display_path(problem.path))
        note = "" if problem.state == "failed" else " (in use all the same)"
        click.echo(f"    {problem.message}{note}")
    if not found:
        click.echo("No problems.")


@click.command()
@options.library
@options.as_json
def doctor(library_path: str | None, as_json: bool) -> int:
    """Look over the installation and say how to mend what is not well.

    Exit status: 0 when nothing is bad, 1 otherwise.
    """
    from segue.service.doctor import examine

    checks = examine(library_folder(library_path), ear_path())
    if as_json:
        rows = [dataclasses.asdict(check) for check in checks]
        output.print_json({"schema": SCHEMA_VERSION, "checks": rows})
    else:
        output.table(
            [
                ("", {}),
                ("", {"style": "bold"}),
                ("", {"overflow": "fold", "no_wrap": False, "ratio": 1}),
            ],
            [
                (_MARKS[c.state], c.name, c.found + (f"\n-> {c.advice}" if c.advice else ""))
                for c in checks
            ],
        )
    return int(any(check.state == "bad" for check in checks))


@click.command()
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@options.library
@options.as_json
def move(old: str, new: str, library_path: str | None, as_json: bool) -> None:
    """Note that music moved as a whole from OLD to NEW (a new disk, a new mount point).

    Nothing is listened to again.
    """
    with options.open_existing(library_path) as library:
        count = library.move(old, new)
    _say(f"{_files(count)} now below {new}.", {"files": count}, as_json=as_json)


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="PATH|SONG")
@options.library
@options.as_json
def forget(what: tuple[str, ...], library_path: str | None, as_json: bool) -> None:
    """Take a folder, a file or a song out of the library.

    A song is named by its number or its whole name. The music itself is not touched; what is added
    again comes back.
    """
    with options.open_existing(library_path) as library:
        paths = library.forget(" ".join(what))
    shown = "".join(f"\n  {path}" for path in paths[:_PATHS_SHOWN])
    more = f"\n  and {len(paths) - _PATHS_SHOWN:,} more" if len(paths) > _PATHS_SHOWN else ""
    colon = ":" if paths else "."
    text = f"{_files(len(paths))} no longer in the library{colon}{shown}{more}"
    _say(text, {"paths": paths}, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path())
@options.library
@options.as_json
def backup(file: str, library_path: str | None, as_json: bool) -> None:
    """Write the whole catalogue to FILE; others may go on working meanwhile."""
    with options.open_existing(library_path) as library:
        library.backup(file)
    _say(f"The library is saved in {file}.", {"file": file}, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path())
@options.library
@options.as_json
def restore(file: str, library_path: str | None, as_json: bool) -> None:
    """Take over the backup in FILE; what the library holds now is replaced."""
    segue.restore(file, library_path, on_wait=options.say_waiting)
    with options.open_existing(library_path) as library:
        tracks = library.status()["tracks"]
    _say(f"Restored: {tracks:,} tracks.", {"tracks": tracks}, as_json=as_json)


def _say(text: str, values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"schema": SCHEMA_VERSION, **values})
    else:
        click.echo(text)


def _files(count: int) -> str:
    return {0: "The folder, which held no file, is", 1: "1 file is"}.get(
        count, f"{count:,} files are"
    )
