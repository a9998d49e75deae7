"""Reading a large source in a process of its own, while what it read before is written here.

Parsing takes about as long as writing, and Python does one thing at a time in a process. The child
is given the source and the names of parts over its standard input, and sends pickled batches of
records over its standard output, with each track described the first time it comes. It ends when
either pipe does, so that none outlives a killed parent.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from segue.catalog.incoming import Part, PlaylistRecord, Record, TrackList
from segue.catalog.records import TrackRecord
from segue.config import worker_environment
from segue.errors import SegueError, SourceError
from segue.sources.guard import position
from segue.sources.source import Source

BATCH: Final = 30_000  # records in one, playlists counted by their entries ...
BATCH_SECONDS: Final = 1.0  # ... or those that came in so long
_CHILD: Final = "from segue.service.readahead import main; main()"
_AHEAD: Final = 3  # batches that are kept ready
_LENGTH: Final = 8  # bytes before a message that say how long it is
_MOST_SENT: Final = 2_000_000  # keys that are remembered as described


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Cut records into batches that are written in one transaction each.

    What the records raise comes after the batch that was begun.
    """
    batch: list[Record] = []
    weight, since = 0, time.monotonic()
    try:
        for record in records:
            batch.append(record)
            weight += 1 + (len(record.tracks) if isinstance(record, PlaylistRecord) else 0)
            if weight >= BATCH or time.monotonic() - since > BATCH_SECONDS:
                yield batch
                batch, weight, since = [], 0, time.monotonic()
    except GeneratorExit:
        raise
    except BaseException:  # where the source is cut off, and on Ctrl-C: what was good is kept
        if batch:
            yield batch
        raise
    if batch:
        yield batch


class ReadAhead:
    """A child process that reads some parts of a source, in their order.

    Use it as a context: at its end the child is stopped.

    Parameters
    ----------
    source
        It is pickled.
    names
        Of the parts that will be asked for, in this order.

    Raises
    ------
    SegueError
        If the process cannot be started.
    """

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        request = pickle.dumps((source, list(names)))
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-c", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=worker_environment(),
            )
        except OSError as error:
            raise SegueError(f"no process to read with could be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.position = 0
        self._messages: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._receiver = threading.Thread(target=self._receive, daemon=True)
        self._receiver.start()
        with contextlib.suppress(BrokenPipeError):  # then reading says why
            self._input.write(request)
            self._input.flush()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        while self._receiver.is_alive():  # it may wait for room
            with contextlib.suppress(queue.Empty):
                self._messages.get(timeout=0.01)
        for pipe in (self._input, self._output):
            with contextlib.suppress(OSError):
                pipe.close()
        self._process.wait()

    def batches(self) -> Iterator[list[Record]]:
        """Yield the batches of the next part; `position` tells how far it is read, in bytes.

        Raises
        ------
        SegueError
            What reading the part raised, after what came before; or if the process died.
        """
        while True:
            content = self._messages.get()
            if not content:
                raise SegueError(
                    "the process that reads the source died; run it again, and if it does again, "
                    "there may be too little memory"
                )
            message = pickle.loads(content)  # noqa: S301 - our own process
            if message is None:
                return
            if isinstance(message, SegueError):
                raise message
            self.position, batch = message
            yield batch

    def _receive(self) -> None:
        """Take messages out of the pipe, so that the child goes on; an empty one is the last."""
        try:
            while True:
                length = int.from_bytes(self._output.read(_LENGTH), "big")
                content = self._output.read(length)
                if not length or len(content) < length:
                    return
                self._messages.put(content)
        finally:
            self._messages.put(b"")


@dataclass
class Described:
    """The records of those entries of a playlist that were not described before."""

    records: dict[int, TrackRecord]

    def __call__(self, position: int) -> TrackRecord | None:
        """Return the record of an entry, or None."""
        return self.records.get(position)


def main() -> None:
    """Be the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it is over
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=1 << 20)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may come between
    source, names = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent
    gc.disable()  # records make no circles
    try:
        _serve(source, names, output)
    except BrokenPipeError:
        os._exit(1)  # nobody is there any more


def _serve(source: Source, names: Sequence[str], output: Any) -> None:
    parts: dict[str, Part] = {part.name: part for part in source.parts()}
    sent: set[str] = set()
    for name in names:
        end: SegueError | None = None
        try:
            if name not in parts:
                raise SourceError(f"{name} is no longer there; it was when the reading began")
            for batch in batches(parts[name].read()):
                described = [_described(record, sent) for record in batch]
                _send(output, (position(parts[name].size), described))
        except SegueError as error:
            end = error
        _send(output, end)
        if len(sent) > _MOST_SENT:
            sent.clear()


def _send(output: Any, message: Any) -> None:
    content = pickle.dumps(message, protocol=5)
    output.write(len(content).to_bytes(_LENGTH, "big"))
    output.write(content)
    output.flush()


def _described(record: Record, sent: set[str]) -> Record:
    """Return a record that can be sent: the tracks of a playlist described that were not yet."""
    if not isinstance(record, PlaylistRecord):
        return record
    records = {}
    for entry, key in enumerate(record.tracks.keys):
        if key not in sent:
            records[entry] = record.tracks[entry]
            if key and records[entry].title:
                sent.add(key)
    return replace(record, tracks=TrackList(record.tracks.keys, Described(records)))
