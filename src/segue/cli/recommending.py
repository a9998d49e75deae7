"""Commands that ask what goes together: recommend, analogy, compare, export."""

from __future__ import annotations

from typing import Any

import click

from segue.cli import options, output
from segue.errors import UsageError

_k = click.option(
    "-k", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="How many."
)


@click.command()
@click.option("--like", "likes", multiple=True, metavar="SONG", help="A song to start from.")
@click.option(
    "--dislike", "dislikes", multiple=True, metavar="SONG", help="A song to keep away from."
)
@click.option("--playlist", metavar="NAME", help="Go on with a playlist of the library.")
@click.option(
    "--user",
    is_flag=False,
    flag_value="me",
    metavar="LISTENER",
    help="Start from what a listener played last; without a name, you.",
)
@click.option("--title", default="", metavar="TEXT", help="Fill a playlist of this title.")
@click.option(
    "--model", metavar="NAME", help="Which model answers.  [default: the best that is fitted]"
)
@_k
@click.option("--artist", "artists", multiple=True, metavar="NAME", help="Only this artist.")
@click.option("--not-artist", "not_artists", multiple=True, metavar="NAME", help="Not this artist.")
@click.option("--genre", "genres", multiple=True, metavar="WORD", help="Only this genre.")
@click.option("--year", metavar="YEAR[-YEAR]", help="Only of these years, such as 1980-1989.")
@click.option("--owned", is_flag=True, help="Only songs that you have a file of.")
@click.option("--versions", is_flag=True, help="Let other pressings of the same songs come.")
@click.option("--m3u", type=click.Path(), metavar="FILE", help="Also write a playlist.")
@options.library
@options.as_json
def recommend(
    likes: tuple[str, ...],
    dislikes: tuple[str, ...],
    playlist: str | None,
    user: str | None,
    title: str,
    model: str | None,
    k: int,
    artists: tuple[str, ...],
    not_artists: tuple[str, ...],
    genres: tuple[str, ...],
    year: str | None,
    owned: bool,
    versions: bool,
    m3u: str | None,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Show songs that people put together with those you name.

    Start from songs (words of title and artist, a track's id or a file), from a playlist, from
    what you played last, or from a title alone; several are taken together. Of several songs that
    fit the words the best match is taken, of equal ones that in most playlists, and the others are
    named. Of a listener, the last 100 songs count, each half as much for every 30 days before the
    last one. `segue fit` must have run once.

    The songs named never come, nor do other pressings of them. Of several artists, or genres, one
    must hold; --artist, --genre, --year and --owned must all hold.
    """
    from segue.catalog.filters import Filters
    from segue.service.recommendation import Wish

    filters = Filters(artists, not_artists, genres, _years(year), owned)
    wish = Wish(likes, dislikes, playlist, user, title, model, k, filters, versions)
    with options.open_existing(library_path) as library:
        answer = library.recommend(wish)
        count = library.write_playlist(m3u, answer) if m3u else 0
    if as_json:
        output.print_json(answer.to_json())
        return
    output.print_recommendation(answer)
    if m3u:
        click.echo(f"{count} song{'s' * (count != 1)} written to {m3u}")


@click.command()
@click.argument("song", nargs=-1, required=True)
@click.option("--minus", multiple=True, metavar="NAME", help="An artist or a song to take off.")
@click.option("--plus", multiple=True, metavar="NAME", help="An artist or a song to add.")
@_k
@options.library
@options.as_json
def analogy(
    song: tuple[str, ...],
    minus: tuple[str, ...],
    plus: tuple[str, ...],
    k: int,
    library_path: str | None,
    as_json: bool,
) -> None:
    """Show what is to one artist what SONG is to another.

    As in: segue analogy "Paint It Black" --minus "The Rolling Stones" --plus "The Beatles".
    NAME is looked for among the artists first, then among the songs. Songs are vectors that
    word2vec learned from the company they keep; an artist is the mean of the artist's songs.
    """
    with options.open_existing(library_path) as library:
        answer = library.analogy(" ".join(song), minus=minus, plus=plus, k=k)
    if as_json:
        output.print_json(answer.to_json())
        return
    terms = [(" - ", term) for term in answer.minus] + [(" + ", term) for term in answer.plus]
    said = "".join(f"{sign}{term.name} ({term.kind})" for sign, term in terms)
    click.echo(output.printable(f"{answer.song.name}{said}"))
    output.print_hits(answer.hits, scored="cosine")
    output.print_others(answer.others)


@click.command()
@click.argument("one")
@click.argument("other")
@options.library
@options.as_json
def compare(one: str, other: str, library_path: str | None, as_json: bool) -> None:
    """Show how alike ONE song and the OTHER are, by every model that is fitted.

    Scores are in each model's own unit; the rank is the OTHER's place among all songs that go
    with ONE.
    """
    with options.open_existing(library_path) as library:
        found = library.compare(one, other)
    if as_json:
        output.print_json(found.to_json())
        return
    click.echo(output.printable(f"{found.one.name}  and  {found.other.name}"))
    rows = [
        (
            alike.model,
            f"{alike.score:.4g}",
            f"{alike.rank:,}" if alike.rank else "beyond 1,000" if alike.score else "none",
            f"of {alike.tracks:,}" if alike.tracks else "",
        )
        for alike in found.models
    ]
    if rows:
        right = {"justify": "right"}
        columns: list[tuple[str, dict[str, Any]]] = [
            ("model", {"min_width": 12}),
            ("score", right),
            ("rank", right),
            ("", {"ratio": 1}),
        ]
        output.table(columns, rows)
    else:
        click.echo("No recommender is fitted yet: `segue fit`.")
    if found.sound is not None:
        click.echo(f"By sound: {found.sound:.2f}")
    click.echo(f"Together in {output.counted([(found.playlists, 'playlists')]) or 'no playlist'}.")
    output.print_others(found.others)


@click.group()
def export() -> None:
    """Write what the models learned to files that other programs read."""


@export.command()
@click.option(
    "--model", default="word2vec", show_default=True, metavar="NAME", help="word2vec or als."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["npy", "parquet", "word2vec"]),
    default="npy",
    show_default=True,
    help="NumPy records; Parquet; the text format of word2vec.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="The file to write; one that is there is replaced.",
)
@options.library
@options.as_json
def vectors(model: str, form: str, out: str, library_path: str | None, as_json: bool) -> None:
    """Write the vectors of songs and of listeners, with their ids.

    A listener's vector is the mean of the songs played, each counted as often as it was played. In
    the text format a word is a song's id, or "listener:" and a listener's.
    """
    with options.open_existing(library_path) as library:
        written = library.export_vectors(out, model=model, form=form)
    if as_json:
        output.print_json(written.to_json())
        return
    of = output.counted([(written.songs, "songs"), (written.listeners, "listeners")])
    click.echo(f"{of or 'no songs'} with {written.dimensions} numbers each written to {out}")


def _years(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    try:
        years = int(first), int(last or first)
    except ValueError:
        raise UsageError(f"{text!r} is no year, such as 1984 or 1980-1989") from None
    if years[0] > years[1]:
        raise UsageError(f"the years {text} run backwards")
    return years
