"""The local server's answers against Spotify's own OpenAPI file, so that tests test the truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.spotify import SpotifyServer
from servers.spotify_behaviour import Behaviour
from servers.spotify_catalogue import GENRES, Catalogue, encode
from servers.spotify_fields import selected

Check = Callable[[str, Any], None]


def translated(node: Any, *, restricted: bool) -> Any:
    """Return a part of an OpenAPI 3.0 file as JSON Schema.

    "nullable" becomes a type; and as apps of today see it, what is deprecated is not required.
    """
    if isinstance(node, list):
        return [translated(item, restricted=restricted) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: translated(item, restricted=restricted) for name, item in node.items()}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        kept["type"] = [node["type"], "null"]
    if restricted and isinstance(node.get("required"), list):
        properties = node.get("properties", {})
        kept["required"] = [
            name for name in node["required"] if not properties.get(name, {}).get("deprecated")
        ]
    return kept


@pytest.fixture(scope="module")
def contract(shared: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="the contract is checked with PyYAML")
    path = shared / "api" / "spotify-web-api.yml"
    if not path.is_file():
        pytest.skip("no OpenAPI file of Spotify's in the folder of real data")
    loaded: dict[str, Any] = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    return loaded


def checker(contract: dict[str, Any], *, restricted: bool) -> Check:
    """Return a function that checks an answer against the schema of a path's answer."""
    jsonschema = pytest.importorskip("jsonschema", reason="the contract is checked with jsonschema")
    document = translated(contract, restricted=restricted)

    def check(path: str, answer: Any) -> None:
        reply = contract["paths"][path]["get"]["responses"]["200"]["$ref"]
        schema = {
            "$ref": f"{reply}/content/application~1json/schema",
            "components": document["components"],
        }
        jsonschema.Draft7Validator(schema).validate(answer)

    return check


def get(server: SpotifyServer, path: str, *, user: bool = False, **params: Any) -> Any:
    token = server.accounts.new_token(user=user)["access_token"]
    answer = httpx.get(
        f"{server.url}/v1/{path}", params=params, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("shape", ["tracks", "items"])
@pytest.mark.parametrize("restricted", [False, True])
def test_the_server_keeps_to_the_contract(
    contract: dict[str, Any], shape: str, *, restricted: bool
) -> None:
    check = checker(contract, restricted=restricted)
    # Nulls, local files and cut down episodes are real, but not in the contract: so without them.
    catalogue = Catalogue(playlists=300, tracks=3_000, odd=0.0)
    own = next(n for n in range(300) if catalogue.owner(n) == 0 and catalogue.length(n) > 20)
    playlist = encode("playlist", own)
    with SpotifyServer(catalogue, Behaviour(shape=shape, restricted=restricted)) as server:
        found = get(server, "search", q="a", type="playlist", limit=10, offset=10)
        check("/search", found)
        assert found["playlists"]["previous"]
        assert found["playlists"]["next"]
        check("/playlists/{playlist_id}", get(server, f"playlists/{playlist}", user=True))
        page = get(server, f"playlists/{playlist}/{shape}", user=True, limit=50)
        check(f"/playlists/{{playlist_id}}/{shape}", page)
        assert len(page["items"]) > 20
        assert all(entry[shape.removesuffix("s")]["name"] for entry in page["items"])
        if not restricted:
            ids = ",".join(encode("track", n) for n in range(100))
            answer = get(server, "audio-features", ids=ids)
            known = [item for item in answer["audio_features"] if item]
            assert 80 < len(known) < 100
            check("/audio-features", {"audio_features": known})
            check("/recommendations", get(server, "recommendations", seed_genres=GENRES[0]))
            genres = get(server, "recommendations/available-genre-seeds")
            check("/recommendations/available-genre-seeds", genres)


def test_a_contract_that_is_broken_is_noticed(contract: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="the contract is checked with jsonschema")
    with SpotifyServer() as server:
        found = get(server, "search", q="a", type="playlist")
    check = checker(contract, restricted=False)
    check("/search", found)
    del found["playlists"]["total"]
    with pytest.raises(jsonschema.ValidationError, match="'total' is a required property"):
        check("/search", found)


@pytest.mark.parametrize(
    ("path", "params", "status", "message"),
    [
        ("search", {"q": "a", "type": "playlist", "limit": 51}, 400, "Invalid limit"),
        ("search", {"q": "a", "type": "playlist", "offset": 1_001}, 400, "Invalid offset"),
        ("search", {"type": "playlist"}, 400, "No search query"),
        ("recommendations", {"seed_genres": "noise"}, 400, "invalid request"),
        ("audio-features", {"ids": ",".join(["x"] * 101)}, 400, "Too many ids requested"),
        ("me", {}, 404, "Service not found"),
    ],
)
def test_how_the_server_refuses(
    path: str, params: dict[str, Any], status: int, message: str
) -> None:
    with SpotifyServer() as server:
        token = server.accounts.new_token()["access_token"]
        answer = httpx.get(
            f"{server.url}/v1/{path}", params=params, headers={"Authorization": f"Bearer {token}"}
        )
        bare = httpx.get(f"{server.url}/v1/{path}", params=params)
    assert (answer.status_code, answer.json()) == (
        status,
        {"error": {"status": status, "message": message}},
    )
    assert bare.json()["error"]["message"] == "No token provided"


def test_fields_keep_what_is_asked_for() -> None:
    fields = "next,items(added_at,track(name,artists(name),album.name))"
    entry = {
        "added_at": "t",
        "added_by": "me",
        "track": {
            "name": "a",
            "id": 1,
            "artists": [{"name": "b", "id": 2}],
            "album": {"name": "c"},
        },
    }
    assert selected({"next": None, "total": 1, "items": [entry, None]}, fields) == {
        "next": None,
        "items": [
            {
                "added_at": "t",
                "track": {"name": "a", "artists": [{"name": "b"}], "album": {"name": "c"}},
            },
            None,
        ],
    }


def test_the_same_seed_gives_the_same_service() -> None:
    first, second, other = Catalogue(5), Catalogue(5), Catalogue(6)
    assert [first.keys(n) for n in range(50)] == [second.keys(n) for n in range(50)]
    assert first.search("love") == second.search("love") != other.search("love")
