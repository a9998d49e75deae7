"""One SQLite file: connections, transactions, migrations, copies."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from segue.catalog.schema import APPLICATION_ID, MIGRATIONS
from segue.errors import LibraryError

_BUSY_SECONDS: Final = 30.0
_CACHE: Final = 32 << 10  # KiB
_BULK_CACHE: Final = 512 << 10  # KiB
_BULK_PAGES: Final = 200_000  # of 4 KiB, in the log before they go to the main file
_MIN_SQLITE: Final = (3, 35, 0)  # ON CONFLICT without a target


class Database:
    """The catalogue's file. Safe for threads (each has its own connection) and for processes.

    Parameters
    ----------
    path
        The file; it is made, with its folder, unless `read_only`.
    read_only
        Open for reading, for libraries that cannot be written.
    any_format
        Do not mind an older format: it is copied whole, and the copy is brought up to date.

    Raises
    ------
    LibraryError
        If the file cannot be opened or made, is not a Segue library, or is from a newer Segue.
    """

    def __init__(self, path: Path, *, read_only: bool = False, any_format: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._any_format = any_format
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        if sqlite3.sqlite_version_info < _MIN_SQLITE:
            raise LibraryError(
                f"Python's SQLite is {sqlite3.sqlite_version}, Segue needs 3.35 or newer; "
                "use a newer Python"
            )
        with translated(path):
            if read_only:
                if not path.exists():
                    raise LibraryError(f"there is no library at {path.parent}")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._check_and_migrate()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection; outside a transaction every statement sees the newest state."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        return connection

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query as tuples."""
        with translated(self.path):
            return self.connection.execute(statement, values).fetchall()

    def query_one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Return the first row of a query, or None."""
        with translated(self.path):
            return self.connection.execute(statement, values).fetchone()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Iterate over the rows of a query, as of one state, without holding them all."""
        with translated(self.path):
            yield from self.connection.execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one write: all of them, or on an exception none."""
        connection = self.connection
        with translated(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one state with several queries, while others write."""
        with translated(self.path):
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("COMMIT")

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Insert much: with more pages in memory, brought to the main file less often, unchecked.

        References are not checked, and what is deleted takes nothing along.
        """
        connection = self.connection
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA cache_size = {-_BULK_CACHE}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_BULK_PAGES}")
        try:
            yield
        finally:
            connection.execute(f"PRAGMA cache_size = {-_CACHE}")
            connection.execute("PRAGMA wal_autocheckpoint = 1000")
            connection.execute("PRAGMA foreign_keys = ON")
            with translated(self.path):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to `path`, while others read and write."""
        with translated(path):
            copy = sqlite3.connect(path)
            try:
                self.connection.backup(copy)  # in one step: one state, and writers go on
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it
            finally:
                copy.close()

    def replace_with(self, path: Path) -> None:
        """Take over the content of another catalogue file, in one transaction.

        Raises
        ------
        LibraryError
            If `path` is no Segue catalogue, or from a newer one, or this one cannot be written.
        """
        source = Database(path, read_only=True, any_format=True)
        try:
            with translated(self.path):
                source.connection.backup(self.connection)
        finally:
            source.close()
        with translated(self.path):
            self._check_and_migrate()

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self.read_only else "rwc"
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        wal = self.path.with_name(f"{self.path.name}-wal")
        writing = wal.exists() and wal.stat().st_size > 0
        if self.read_only and not writing and not os.access(self.path.parent, os.W_OK):
            uri += "&immutable=1"  # the index of the WAL cannot be made here, and is not needed
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # each thread has its own; `close` ends them all from one
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if not self.read_only:
                _use_wal(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = {-_CACHE}")
        except sqlite3.Error:
            connection.close()
            raise
        with self._guard:
            self._connections.append(connection)
        return connection

    def _check_and_migrate(self) -> None:
        connection = self.connection
        # In this order: another process may be making the tables now.
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID and not empty:
            raise LibraryError(f"{self.path} is another program's database, not a Segue library")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise LibraryError(
                f"{self.path} was written by a newer Segue (format {version}, this one reads up to "
                f"{len(MIGRATIONS)}); upgrade Segue"
            )
        if self.read_only:
            if version < (1 if self._any_format else len(MIGRATIONS)):
                raise LibraryError(
                    f"{self.path} has the older format {version} and cannot be written to bring it "
                    "up to date; open it once where it can be written"
                )
            return
        for number in range(version, len(MIGRATIONS)):
            self._migrate(connection, number)

    def _migrate(self, connection: sqlite3.Connection, number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done it while this one waited for the lock.
            if connection.execute("PRAGMA user_version").fetchone()[0] == number:
                for statement in _statements(MIGRATIONS[number]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn the WAL on; SQLite does not wait for a lock here, so two first processes may collide."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors about a library into `LibraryError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LibraryError(_explain(path, str(error))) from error
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # a mistake of ours, which no advice would mend
    except sqlite3.DatabaseError as error:
        raise LibraryError(
            f"{path} is damaged or no Segue library ({error}); bring a backup back with "
            "`segue restore FILE`, or move it away and add the music again"
        ) from error
    except OSError as error:
        raise LibraryError(f"{path} cannot be used: {error.strerror or error}") from error


def _explain(path: Path, message: str) -> str:
    if "full" in message:
        return f"the disk that holds {path} is full; free some space and run the command again"
    if "readonly" in message or "read-only" in message:
        return f"{path} cannot be written; check who owns it, or use --library for another one"
    if "locked" in message or "busy" in message:
        return f"{path} stayed locked by another program for {_BUSY_SECONDS:.0f} s; try again"
    if "unable to open" in message:
        return f"{path} cannot be opened; check that its folder exists and who owns it"
    return f"{path}: {message}"
