"""A real Supysonic on loopback, with music of its own, for tests over the real protocol."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pytest
import soundfile

USER: Final = "ann"
PASSWORD: Final = "sécret & more"
RATE: Final = 8_000
ALBUMS: Final = (  # artist, album, year, genre, titles
    ("Björk", "Début", "1993", "Electronic", ("Human Behaviour", "Venus as a Boy", "Big Time")),
    ("坂本龍一", "千のナイフ", "1978", "Ambient", ("千のナイフ", "プラスティック・バンブー")),
    (
        "Nina",
        "Live",
        "2001",
        "Jazz",
        ("Sinnerman", "Feeling Good", "Sinnerman", "Ne me quitte pas"),
    ),
    ("Ox & <Oak>", 'A "B" #1', "2020", "Folk", ("50% Rain", "A/B", "C?d=e&f")),
)
SONGS: Final = sum(len(titles) for *_, titles in ALBUMS)
_PATIENCE: Final = 60.0  # seconds for the server to start


@dataclass(frozen=True)
class Supysonic:
    """A running server, and what a client may do there."""

    address: str

    def call(self, method: str, *songs: str, **params: str) -> dict[str, Any]:
        """Call a method as the user; `songs` go as ``songId``."""
        login = {"u": USER, "p": PASSWORD, "c": "tests", "v": "1.12.0", "f": "json"}
        query = {**login, **params, "songId": list(songs)}
        answer = httpx.get(f"{self.address}/rest/{method}.view", params=query, trust_env=False)
        response: dict[str, Any] = answer.json()["subsonic-response"]
        assert response["status"] == "ok", response
        return response


def write_music(folder: Path) -> None:
    """Write short tagged files, half of them FLAC and half Ogg Vorbis."""
    number = 0
    for artist, album, year, genre, titles in ALBUMS:
        for track, title in enumerate(titles, 1):
            number += 1
            suffix, subtype = (("flac", "PCM_16"), ("ogg", "VORBIS"))[number % 2]
            path = folder / f"{year}" / f"{track:02}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            tone = 0.1 * np.sin(np.arange((number + 1) * RATE) * (0.05 + 0.01 * number))
            with soundfile.SoundFile(path, "w", RATE, 1, subtype) as file:
                file.title, file.artist, file.album = title, artist, album
                file.date, file.genre, file.tracknumber = year, genre, str(track)
                file.write(tone)


@contextmanager
def running(base: Path) -> Iterator[Supysonic]:
    """Serve a new library below `base`; skips the test where Supysonic is not installed."""
    for package in ("supysonic", "waitress"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (it comes with the extra 'dev')")
    music = base / "music"
    write_music(music)
    (base / "supysonic.conf").write_text(
        f"[base]\ndatabase_uri = sqlite:///{base}/supysonic.db\n"
        f"[webapp]\ncache_dir = {base}/cache\nmount_webui = off\n"
        f"[daemon]\nsocket = {base}/daemon.sock\n",
        "utf-8",
    )
    environment = {**os.environ, "HOME": str(base), "PYTHONWARNINGS": "ignore"}
    for arguments in (
        ("user", "add", USER, "-p", PASSWORD),
        ("folder", "add", "Music", str(music)),
        ("folder", "scan", "--foreground"),
    ):
        command = [sys.executable, "-m", "supysonic.cli", *arguments]
        done = subprocess.run(command, cwd=base, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = f"-m supysonic.server -S waitress -h 127.0.0.1 -p {port} --threads 2".split()
    with (base / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *command], cwd=base, env=environment, stdout=log, stderr=log
        )
    try:
        found = Supysonic(f"http://127.0.0.1:{port}")
        _wait(server, found, base / "server.log")
        yield found
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], found: Supysonic, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            found.call("ping")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"Supysonic did not start: {log.read_text('utf-8', 'replace')}")
