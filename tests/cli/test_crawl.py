from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from segue.cli.main import segue
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import APP, SECRET, Behaviour
from servers.spotify_catalogue import Catalogue

Run = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[SpotifyServer]:
    behaviour = Behaviour(retry_after="0", slow=0.01)
    with SpotifyServer(Catalogue(playlists=60, tracks=300), behaviour) as server:
        yield server


@pytest.fixture
def run(server: SpotifyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("segue.sources.spotify_tokens.token_path", lambda: tmp_path / "token.json")
    monkeypatch.setattr("segue.sources.spotify_connect.token_path", lambda: tmp_path / "token.json")
    monkeypatch.setattr("segue.service.spotify_account.token_path", lambda: tmp_path / "token.json")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(segue, list(arguments), **options)

    return run


def test_a_crawl_is_told_and_shown(run: Run, server: SpotifyServer) -> None:
    done = run("crawl", "spotify", "-n", "12", "--threads", "2")
    assert done.return_value == 0, done.output
    assert "12 playlists, 12 read" in done.stdout
    assert "answers in" in done.stdout
    again = run("crawl", "spotify", "-n", "12", "--json")
    assert json.loads(again.stdout)["found"] == 0
    assert again.stderr == ""
    shown = run("crawl", "report")
    assert "Playlists: 12 done." in shown.stdout
    assert "100.0%" in shown.stdout
    picture = json.loads(run("crawl", "report", "--json").stdout)
    assert picture["sources"][0]["location"] == f"{server.url}/v1"
    assert picture["sources"][0]["playlists"] == {"done": 12}


def test_a_wrong_secret_is_an_error_and_costs_no_word(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = SECRET
    monkeypatch.setenv("SEGUE_SPOTIFY_CLIENT_SECRET", "wrong-one")
    done = run("crawl", "spotify", "-n", "5")
    assert done.return_value == 1
    assert "id and secret" in done.stderr
    assert "copy them anew" in done.stderr
    assert "wrong-one" not in done.output
    monkeypatch.setenv("SEGUE_SPOTIFY_CLIENT_SECRET", right)
    assert "5 playlists, 5 read" in run("crawl", "spotify", "-n", "5").stdout


def test_the_seed_and_the_strategy_reach_the_crawl(run: Run) -> None:
    done = run(
        "crawl", "spotify", "-n", "3", "--seed", "love", "--strategy", "uniform-words", "--json"
    )
    report = json.loads(done.stdout)
    assert (report["strategy"], report["found"]) == ("uniform-words", 3)
    picture = json.loads(run("crawl", "report", "--json").stdout)
    assert picture["sources"][0]["words"]["top"][0]["word"] == "love"


def test_genres_become_a_table(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servers.spotify_web.GENRES", ("alt-blues", "alt-country"))
    table = tmp_path / "genres.csv"
    done = run("crawl", "spotify", "--by", "genre", "--csv", str(table))
    assert done.return_value == 0, done.output
    assert "2 genres fetched" in done.stdout
    lines = table.read_text("utf-8").splitlines()
    assert f"{len(lines) - 1:,} lines" in done.stdout
    assert len(lines) > 100
    wrong = run("crawl", "spotify", "--csv", str(table))
    assert wrong.return_value == 2
    assert "--by genre" in wrong.stderr


def test_no_access_is_said_once_and_is_no_crash(run: Run, server: SpotifyServer) -> None:
    server.behaviour.restricted = True
    done = run("crawl", "spotify", "-n", "20")
    assert done.return_value == 3
    assert "20 playlists" in done.stdout
    assert done.stderr.count("no access") == 1
    assert "ListenBrainz" in done.stderr


def test_a_rate_limit_says_when_to_go_on(run: Run, server: SpotifyServer) -> None:
    server.behaviour.faults = {"long": 1.0}
    done = run("crawl", "spotify", "-n", "5")
    assert done.return_value == 3
    assert "run the command again after" in done.stderr


def test_without_an_app_it_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGUE_SPOTIFY_CLIENT_ID")
    for command in (("crawl", "spotify"), ("spotify", "status"), ("spotify", "login")):
        done = run(*command)
        assert done.return_value == 2
        assert "SEGUE_SPOTIFY_CLIENT_ID" in done.stderr


def test_a_report_of_nothing(run: Run, tmp_path: Path) -> None:
    done = run("crawl", "report", "--library", str(tmp_path / "none"))
    assert done.return_value == 1
    assert not (tmp_path / "none").exists()


def test_logging_in_by_pasting_and_out(run: Run) -> None:
    assert "Nobody is logged in" in run("spotify", "status").stdout

    shown: list[str] = []

    def agree(_: str, **__: Any) -> str:
        page = next(line for line in shown if line.startswith("http"))
        return httpx.get(page, trust_env=False).headers["location"]

    with pytest.MonkeyPatch.context() as patch:
        echo = click.echo

        def keep(message: str = "", **options: Any) -> None:
            shown.extend(message.splitlines())
            echo(message, **options)

        patch.setattr("segue.cli.spotify.click.echo", keep)
        patch.setattr("segue.cli.spotify.click.prompt", agree)
        done = run("spotify", "login", "--paste")
    assert done.stdout == "Logged in.\n", done.output
    state = json.loads(run("spotify", "status", "--json").stdout)
    assert (state["client_id"], state["logged_in"], state["has_secret"]) == (APP, "user", True)
    assert SECRET not in json.dumps(state)
    assert "A user is logged in" in run("spotify", "status").stdout
    assert "Logged out" in run("spotify", "logout").stdout
    assert "Nobody was" in run("spotify", "logout").stdout


def test_logging_in_by_browser(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def browse(address: str) -> bool:
        def follow() -> None:
            httpx.get(address, follow_redirects=True, trust_env=False)

        threading.Thread(target=follow).start()
        return True

    monkeypatch.setattr("segue.cli.spotify.webbrowser.open", browse)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run("spotify", "login", "--port", str(port))
    assert done.stdout == "Logged in.\n", done.output
    assert json.loads(run("spotify", "status", "--json").stdout)["logged_in"] == "user"
