"""Files made to do harm, through the real command: told, counted, and what is good is kept."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from dumps import everything
from libraries import command
from samples import million_playlist, write_slice
from servers.opensubsonic import OpenSubsonic, song

LAUGHS = "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))


def run(home: Path, *what: str | Path) -> tuple[int, str, str]:
    running = command("add", *what, "--library", home)
    try:
        out, problems = running.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    assert "Traceback" not in problems, problems
    return running.returncode, out, problems


def write_hostile(folder: Path) -> None:
    folder.mkdir()
    half = json.dumps({"playlists": [million_playlist(i, 1, 2) for i in range(20)]})
    (folder / "mpd.slice.0-999.json").write_text(half[: len(half) // 2])
    write_slice(folder, 1_000, million_playlist(1_000, 5), *[million_playlist(1_001, 6)] * 5)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endsong_0.json", bytes(120_000_000))
    with zipfile.ZipFile(folder / "out.zip", "w") as archive:
        archive.writestr("../../endsong_0.json", "[]")
        archive.writestr("endsong_1.json", "[]")
    (folder / "laughs.xspf").write_text(
        f'<!DOCTYPE l [<!ENTITY a "ha">{LAUGHS}]>'
        '<playlist xmlns="http://xspf.org/ns/0/"><title>&j;</title></playlist>'
    )
    (folder / "line.csv").write_bytes(
        b"track_name,track_artist,energy\nA,B,0.5\n" + b"x" * (3 << 20)
    )
    (folder / "nul.m3u").write_bytes(b"#EXTM3U\n#EXTINF:9,A\0rt - T\0it\n\0a.mp3\n\xff\xfe.mp3\n")
    lines = [f"Björk - Jóga {i}".encode() for i in range(5)]
    lines.append("Motörhead - Ace".encode("latin-1"))
    mixed = b"".join(b"#EXTINF:9,%b\n%d.mp3\n" % (line, i) for i, line in enumerate(lines))
    (folder / "mixed.m3u").write_bytes(mixed)
    (folder / "deep.jspf").write_text('{"playlist":{"track":' + "[" * 200_000)
    os.mkfifo(folder / "pipe.m3u")
    (folder / "loop").symlink_to(folder)


def test_a_folder_of_them(tmp_path: Path) -> None:
    write_hostile(tmp_path / "in")
    home = tmp_path / "library"
    status, out, _ = run(home, tmp_path / "in")
    assert status == 3
    for said in (
        "cut off",
        "a second playlist of one number",
        "a name that leads out of the archive",
        "declares entities",
        "line 3 is longer than",
        "nested too deeply",
    ):
        assert said in out, out
    dump = "".join(everything(home))
    assert "\0" not in dump
    assert {f"'million_playlist:{pid}'" in dump for pid in (0, 1_000, 1_001)} == {True}
    assert "Jóga" in dump
    assert "Motörhead" in dump
    assert run(home, tmp_path / "in")[0] == 3
    assert "".join(everything(home)) == dump


def test_the_bomb_by_itself_says_why(tmp_path: Path) -> None:
    write_hostile(tmp_path / "in")
    status, _, problems = run(tmp_path / "library", tmp_path / "in" / "bomb.zip")
    assert status == 1
    assert "more than 200 times its size" in problems


@pytest.mark.parametrize("kind", ["cookbook_db", "m3u", "netease", "million_playlist"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    status, out, problems = run(tmp_path / "library", tmp_path / "pipe", "--as", kind)
    assert status in (1, 3)
    assert "pipe" in out + problems


def test_a_password_is_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.m3u").write_text("a.mp3\n")
    home = tmp_path / "library"
    with OpenSubsonic([song(1)]).running() as place:
        for address in (place.replace("://", "://ann:geheim@"), "ftp://ann:geheim@localhost/x"):
            status, out, problems = run(home, address, tmp_path / "a.m3u")
            assert status in (2, 3)
            assert "geheim" not in out + problems
    assert "geheim" not in "".join(everything(home))
