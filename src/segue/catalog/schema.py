"""The catalogue's tables, as numbered migrations.

`PRAGMA user_version` counts the migrations applied; each runs in one transaction with the count.
A migration is never edited once released: another is added.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x53656775  # "Segu", so that another SQLite file is not taken for ours

_FIRST: Final = """
CREATE TABLE track (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never reused
    title TEXT NOT NULL,
    artist TEXT NOT NULL DEFAULT '',
    album TEXT NOT NULL DEFAULT '',
    album_artist TEXT NOT NULL DEFAULT '',
    track_number INTEGER,
    disc_number INTEGER,
    year INTEGER,
    genres TEXT NOT NULL DEFAULT '[]',      -- JSON list of strings
    duration REAL                           -- seconds
);

CREATE TABLE outside_id (                   -- ISRC, MusicBrainz ids
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (track_id, kind, value)
) WITHOUT ROWID;
CREATE INDEX outside_id_value ON outside_id(kind, value);

CREATE TABLE root (                         -- folders that were added
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    added_at REAL NOT NULL                  -- seconds since the epoch
);

CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,              -- absolute, the file system's own bytes
    track_id INTEGER REFERENCES track(id) ON DELETE CASCADE,  -- null where nothing could be heard
    state TEXT NOT NULL CHECK (state IN ('ok', 'failed', 'missing')),
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    fingerprint BLOB,                       -- of the content: see sources/fingerprint.py
    codec TEXT,
    sample_rate INTEGER,
    channels INTEGER,
    has_cover INTEGER NOT NULL DEFAULT 0,
    track_gain REAL,                        -- ReplayGain, dB
    album_gain REAL,
    problem_kind TEXT,
    problem TEXT,
    checked_at REAL NOT NULL
);
CREATE INDEX file_track ON file(track_id);
CREATE INDEX file_fingerprint ON file(fingerprint);
CREATE INDEX file_size ON file(size);
CREATE INDEX file_problem ON file(problem_kind) WHERE problem_kind IS NOT NULL;

CREATE TABLE lyrics (
    track_id INTEGER PRIMARY KEY REFERENCES track(id) ON DELETE CASCADE,
    text TEXT NOT NULL
);

CREATE TABLE descriptors (
    track_id INTEGER PRIMARY KEY REFERENCES track(id) ON DELETE CASCADE,
    tempo REAL, tempo_certainty REAL,       -- BPM; 0..1
    key INTEGER, mode INTEGER, key_certainty REAL,  -- 0 is C; 1 major; 0..1
    loudness REAL,                          -- LUFS
    brightness REAL,                        -- Hz
    onset_rate REAL,                        -- a second
    silence REAL,                           -- 0..1
    tagged_tempo REAL                       -- BPM that the file's tags state
);

CREATE TABLE word (                         -- what the ear heard, in words
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    word TEXT NOT NULL,
    strength REAL NOT NULL,                 -- above 1: clearly
    PRIMARY KEY (track_id, word)
) WITHOUT ROWID;
CREATE INDEX word_track ON word(word, track_id);

CREATE TABLE embedder (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE vector (
    embedder_id INTEGER NOT NULL REFERENCES embedder(id),
    window INTEGER NOT NULL,                -- -1: the whole track
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    data BLOB NOT NULL,                     -- little-endian float16
    PRIMARY KEY (embedder_id, window, track_id)
) WITHOUT ROWID;
CREATE INDEX vector_track ON vector(track_id);

CREATE TABLE playlist (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE change (                       -- counts changes, so that what is derived knows its age
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO change VALUES ('vectors', 0);
INSERT INTO change VALUES ('mark', abs(random()));  -- tells this library from any other

CREATE VIRTUAL TABLE track_text USING fts5(text, tokenize = 'trigram', detail = 'full');
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST,)
