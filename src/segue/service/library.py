"""A library: the one object that the command line, the Python user and the server work with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from segue.audio import ear
from segue.catalog.catalog import Catalog
from segue.catalog.merges import STATES as MERGE_STATES
from segue.catalog.records import Problem
from segue.config import FILE_NAME, ear_path, library_path
from segue.errors import LibraryError, NotFoundError, SegueError, UsageError
from segue.service.by_company import ByCompany
from segue.service.by_genre import ByGenre
from segue.service.identifying import Identifying
from segue.service.lock import write_lock
from segue.service.resolve import Song, resolve, resolve_exactly
from segue.service.restore import checked_backup, is_sqlite
from segue.service.similar import SoundSearch
from segue.service.status import describe_song, library_status
from segue.types import Answer, Hit, Track, display_path

if TYPE_CHECKING:
    from segue.catalog.merges import Merge
    from segue.catalog.provenance import SourceState
    from segue.service.add import AddProgress, AddReport
    from segue.service.crawl_report import CrawlOptions, CrawlProgress, CrawlReport

PathLike = str | os.PathLike[str]


class Library(ByCompany, ByGenre, Identifying):
    """A folder with a catalogue of music, and what Segue can do with it.

    Parameters
    ----------
    path
        The library's folder; None means ``SEGUE_HOME``, or the platform's data folder.
    read_only
        Open for asking alone; it must exist.
    on_wait
        Called when another process is writing to the library, before waiting for it.

    Raises
    ------
    LibraryError
        If the folder cannot be used.

    Examples
    --------
    >>> import segue, tempfile
    >>> with segue.open(tempfile.mkdtemp()) as library:
    ...     library.status()["tracks"]
    0
    """

    def __init__(
        self,
        path: PathLike | None = None,
        *,
        read_only: bool = False,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_wait = on_wait
        self.path = library_path(path)
        if not read_only and _cannot_write(self.path):
            if not (self.path / FILE_NAME).exists():
                raise LibraryError(
                    f"no library can be made at {self.path}: the folder cannot be written; "
                    "check who owns it, or name another with --library"
                )
            read_only = True
        self.read_only = read_only
        self.ear_folder = ear_path()
        self._catalog = Catalog(self.path, read_only=read_only)
        if not read_only and self._catalog.has_old_tracks():
            with self._writing():
                self._catalog.place_old_tracks()
        cache = None if read_only else self.path / "cache"
        self._sound = SoundSearch(self._catalog, cache, self.ear_folder)

    def add(
        self,
        *what: PathLike,
        kind: str | None = None,
        workers: int | None = None,
        on_progress: Callable[[AddProgress], None] = lambda _: None,
    ) -> AddReport:
        """Add folders of music, exports, playlists, tables and servers, or bring them up to date.

        Without any, all folders of music that were added.

        Parameters
        ----------
        what
            Folders, files, or an address of an OpenSubsonic server, or ``listenbrainz:USER``.
        kind
            What they are, of `segue.KINDS`; None to find out.
        workers
            Processes that analyse music; None takes as many as there are cores.
        on_progress
            Called after the scan, after each file, and as sources are read.

        Raises
        ------
        UsageError
            If something does not exist, or there is nothing to bring up to date.
        SourceError, ServiceError
            If the only source named cannot be read, is not recognised, or does not answer.
        LibraryError
            If the library cannot be written.
        """
        from segue.service.add import AddReport, add, add_sources  # slow to import
        from segue.service.recognise import recognise

        found = [(item, recognise(self._catalog, os.fsdecode(item), kind)) for item in what]
        folders = [_absolute(item) for item, sources in found if sources is None]
        sources = [source for _, some in found for source in some or ()]
        with self._writing():
            report = AddReport()
            if folders or not what:
                report = add(
                    self._catalog,
                    folders or self._present_roots(),
                    ear_folder=self.ear_folder,
                    workers=workers,
                    on_progress=on_progress,
                )
            if sources:
                report.sources = add_sources(self._catalog, sources, on_progress=on_progress)
            else:
                self._catalog.refresh()
        self._sound.prepare()
        return report

    def watch(
        self,
        *folders: PathLike,
        on_report: Callable[[AddReport], None] = lambda _: None,
        on_problem: Callable[[SegueError], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Add folders, then again whenever something in them changes, until `stop` says so.

        `on_report` is called after each round, or `on_problem` with why there was none; `stop` is
        asked about every second.
        """
        from segue.service.watch import watch

        for folder in folders:
            if not os.path.isdir(_absolute(folder)):
                raise UsageError(f"{os.fspath(folder)} is no folder; name one to be watched")
        paths = [os.fsdecode(_absolute(folder)) for folder in folders] or [
            os.fsdecode(root) for root in self._present_roots()
        ]
        watch(lambda: self.add(*paths), paths, on_report, on_problem, stop)

    def similar(
        self,
        song: Song,
        k: int = 10,
        *,
        having: Sequence[str] = (),
        lacking: Sequence[str] = (),
    ) -> Answer:
        """Return the `k` songs that sound most like one, best first, each recording once.

        Parameters
        ----------
        song
            A track's id; a file, in the library or not; or words of title and artist.
        k
            How many, at least 1; fewer come where there are no more.
        having, lacking
            Words of the ear that every answer must have, or must not have; see `words`.

        Raises
        ------
        NotFoundError
            If nothing answers to `song`, or the library is empty.
        UsageError
            If `k` is below 1 or a word is not one of the ear's.
        AudioError
            If `song` is a file outside the library that cannot be decoded.
        EarError
            If it must be listened to and the ear is missing.
        """
        return self._sound.similar(song, k, having=having, lacking=lacking)

    def write_playlist(self, file: PathLike, tracks: Iterable[Track | Hit]) -> int:
        """Write tracks, or the hits of an answer, to an M3U playlist; return how many have a file.

        Raises
        ------
        LibraryError
            If the file cannot be written.
        """
        from segue.players.m3u import write_m3u

        plain = (item.track if isinstance(item, Hit) else item for item in tracks)
        return write_m3u(Path(os.path.expanduser(file)), plain)

    def search(self, words: str, limit: int = 20) -> list[Track]:
        """Return what the words name of all that the library knows, best first, one track a song.

        Accents, case, typing errors and parts of words are forgiven; of equally good matches, those
        that stand in more playlists come first. An empty list means that nothing is close.
        """
        if limit < 1:
            raise UsageError(f"limit is {limit}, expected at least 1")
        matches = self._catalog.search(words, limit)
        tracks = self._catalog.tracks.get(id_ for id_, _ in matches)
        return [tracks[id_] for id_, _ in matches if id_ in tracks]  # others write meanwhile

    def versions(self, tracks: Iterable[Track]) -> dict[int, list[Track]]:
        """Return, by track id, all tracks that are the same song, most in playlists first."""
        versions = self._catalog.versions([track.id for track in tracks])
        known = self._catalog.tracks.get(id_ for ids in versions.values() for id_ in ids)
        return {
            id_: [known[other] for other in ids if other in known] for id_, ids in versions.items()
        }

    def sources(self) -> list[SourceState]:
        """Return what was added other than music, with the numbers of what each brought."""
        return self._catalog.provenance.listed()

    def remove_source(self, id_: int) -> SourceState:
        """Take out a source with all it brought.

        What other sources had as well comes back when they are added again.

        Raises
        ------
        NotFoundError
            If there is no such source.
        """
        with self._writing():
            found = [source for source in self.sources() if source.id == id_]
            if not found:
                raise NotFoundError(f"there is no source {id_}; `segue sources` lists them")
            self._catalog.remove_source(id_)
        self._sound.prepare()
        return found[0]

    def merges(self, state: str = "merged", limit: int = 100) -> list[tuple[Merge, Track, Track]]:
        """Return merges with their two tracks, the least certain first.

        Parameters
        ----------
        state
            ``merged``, ``doubtful`` (not made, to be looked at) or ``undone``.
        """
        if state not in MERGE_STATES:
            raise UsageError(f"state is {state!r}, expected one of {', '.join(MERGE_STATES)}")
        merges = self._catalog.merges.listed(state, limit)
        return self._with_tracks(merges)

    def merge_counts(self) -> dict[str, int]:
        """Return how many merges there are of each state."""
        return self._catalog.merges.counts()

    def undo_merges(self, track: int | None = None) -> list[tuple[Merge, Track, Track]]:
        """Undo the merges of one track, or all; they are not made again."""
        with self._writing():
            undone = self._catalog.merges.undo(track)
        if track is not None and not undone:
            raise NotFoundError(f"track {track} is in no merge; `segue merges` lists them")
        return self._with_tracks(undone)

    def accept_merge(self, track: int, into: int) -> list[tuple[Merge, Track, Track]]:
        """Make a merge that is doubtful or was undone.

        Raises
        ------
        NotFoundError
            If there is none of these two.
        """
        with self._writing():
            made = self._catalog.merges.accept(track, into)
        if not made:
            raise NotFoundError(f"there is no doubtful merge of {track} into {into}")
        return self._with_tracks(made)

    def find(self, song: Song) -> Track:
        """Return the track that `song` names, as `similar` understands it.

        Raises
        ------
        NotFoundError
            If there is none, or it is a file outside the library.
        """
        resolved = resolve(self._catalog, song)
        if resolved.track is None:
            assert resolved.file is not None, "a song resolves to a track or to a file"
            raise NotFoundError(
                f"{display_path(resolved.file)} is not in the library; add it first"
            )
        return resolved.track

    def tracks(self) -> Iterator[Track]:
        """Iterate over the tracks that have a file now, in the order of their ids."""
        ids = sorted(self._catalog.tracks.present())
        for first in range(0, len(ids), 500):
            found = self._catalog.tracks.get(ids[first : first + 500])
            yield from (found[id_] for id_ in sorted(found))

    def folders(self) -> list[str]:
        """Return the folders that were added, in the order of their paths."""
        return [os.fsdecode(root) for root in self._catalog.files.roots()]

    def words(self) -> dict[str, int]:
        """Return the words that the ear heard, with the number of tracks that have each."""
        return self._catalog.tracks.word_counts()

    def show(self, song: Song) -> dict[str, Any]:
        """Return everything known of a song, as JSON values."""
        return describe_song(self._catalog, self.find(song))

    def status(self) -> dict[str, Any]:
        """Return how much there is, as JSON values: tracks, files, hours, vectors, problems ..."""
        return library_status(self._catalog, self.path, self.ear_folder)

    def problems(self) -> list[Problem]:
        """Return what is wrong with files, by path: those that failed and those in part."""
        return self._catalog.files.problems()

    def move(self, old: PathLike, new: PathLike) -> int:
        """Note that music moved as a whole from `old` to `new`; return how many files did.

        Nothing is read or analysed; the files need not be there yet.

        Raises
        ------
        NotFoundError
            If the library has nothing at or below `old`.
        """
        with self._writing():
            moved = self._catalog.move(_absolute(old), _absolute(new))
        if not moved:
            raise NotFoundError(f"the library has no file at or below {os.fspath(old)}")
        return moved

    def forget(self, what: Song) -> list[str]:
        """Take a folder, a file or a song out of the library; return the paths that went.

        The music itself is not touched. A folder that is added again comes back.

        Parameters
        ----------
        what
            A path, as it is on record; a track's id; or a song's whole title, or artist and title.

        Raises
        ------
        NotFoundError
            If the library has nothing by that name, or several songs are called so.
        """
        with self._writing():
            files = self._catalog.files
            path = b"" if isinstance(what, int) else _absolute(os.fsdecode(what))
            known = list(files.under(path).values()) if path else []
            if known or path in files.roots():
                files.delete_roots(path)
            else:
                track = resolve_exactly(self._catalog, what)
                known = files.of_track(track.id)
                if not known:
                    raise NotFoundError(
                        f"{track.name!r} has no file in the library; what sources named is taken "
                        "out with them: `segue sources --remove N`"
                    )
            self._catalog.forget([file.id for file in known])
            self._catalog.refresh()
            return [display_path(file.stamp.path) for file in known]

    def backup(self, file: PathLike) -> None:
        """Write the catalogue, whole and consistent, to one file; others may go on working.

        Raises
        ------
        LibraryError
            If the file cannot be written.
        """
        target = Path(os.fsdecode(_absolute(file)))
        if target.exists() and not is_sqlite(target):
            raise UsageError(f"{target} is there and is no backup; name another file")
        if target.exists() and target.samefile(self.path / FILE_NAME):
            raise UsageError(f"{target} is the library itself; name another file")
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            self._catalog.database.copy_to(aside)
            aside.replace(target)
        except (OSError, LibraryError) as error:
            reason = str(error).replace(str(aside), str(target))
            raise LibraryError(f"the backup {target} cannot be written: {reason}") from error
        finally:
            aside.unlink(missing_ok=True)

    def restore(self, file: PathLike) -> None:
        """Take over the content of a backup; what the library had is replaced.

        A library that is too damaged to be opened is mended by `segue.restore`.

        Raises
        ------
        LibraryError
            If the file is not a whole backup; then nothing changed.
        """
        with self._writing():
            self._catalog.replace_with(checked_backup(file))

    def close(self) -> None:
        """Close the catalogue."""
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def crawl(
        self, options: CrawlOptions, on_progress: Callable[[CrawlProgress], None] = lambda _: None
    ) -> CrawlReport:
        """Crawl Spotify for playlists, or for songs by genre, and go on where an earlier run was.

        Raises
        ------
        UsageError
            If the settings name no app.
        ServiceError
            If the service cannot be used at all.
        """
        from segue.service.crawl import crawl_spotify

        with self._writing():
            return crawl_spotify(self._catalog, options, on_progress)

    def crawl_report(self) -> dict[str, Any]:
        """Return what was crawled, by day, word, artist and track, as JSON values."""
        from segue.service.crawl_picture import crawl_picture

        return crawl_picture(self._catalog)

    def write_genre_table(self, file: PathLike) -> int:
        """Write the tracks crawled by genre with their features as CSV; return how many lines.

        Raises
        ------
        LibraryError
            If the file cannot be written.
        """
        from segue.service.genre_table import write_genre_table

        return write_genre_table(self._catalog, Path(os.path.expanduser(file)))

    def _with_tracks(self, merges: Sequence[Merge]) -> list[tuple[Merge, Track, Track]]:
        tracks = self._catalog.tracks.get(id_ for m in merges for id_ in (m.track_id, m.into_id))
        return [
            (merge, tracks[merge.track_id], tracks[merge.into_id])
            for merge in merges
            if merge.track_id in tracks and merge.into_id in tracks
        ]

    def _present_roots(self) -> list[bytes]:
        """Return the added folders that are there; one of an unplugged disk stays on record."""
        roots = self._catalog.files.roots()
        if not roots:
            raise UsageError("no folder was added yet; name one: `segue add FOLDER`")
        present = [root for root in roots if os.path.exists(root)]
        if not present:
            names = ", ".join(map(display_path, roots))
            raise LibraryError(
                f"none of the added folders is there ({names}); plug in their disk, or tell where "
                "they are now with `segue move OLD NEW`"
            )
        return present

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._check_writable()
        with write_lock(self.path, self._on_wait):
            yield


def install_ear(wheel: PathLike | None = None, *, force: bool = False) -> Path:
    """Fetch and build the network that listens, unless it is there; return its folder.

    Parameters
    ----------
    wheel
        The ``musicnn`` 0.1.0 wheel, for a machine without network.
    force
        Install it again though it is there.

    Raises
    ------
    EarError
        If it cannot be fetched, checked or kept.
    """
    folder = ear_path()
    if force or wheel is not None or not ear.installed(folder):
        ear.install(folder, wheel=Path(os.path.expanduser(wheel)) if wheel is not None else None)
    return folder


def _absolute(path: PathLike) -> bytes:
    if not os.fspath(path):
        raise UsageError("an empty path was given; name a folder or a file")
    try:
        return os.path.abspath(os.fsencode(os.path.expanduser(path)))
    except UnicodeEncodeError as error:
        raise UsageError(f"{os.fspath(path)!r} is no path") from error
    except FileNotFoundError as error:
        raise UsageError("the folder you are in no longer exists; go to another one") from error


def _cannot_write(folder: Path) -> bool:
    """Return whether nothing can be created in the folder, or where it would be made."""
    while not folder.exists():
        folder = folder.parent
    return not os.access(folder, os.W_OK)
