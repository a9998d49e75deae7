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

_SECOND: Final = """
CREATE TABLE source (                       -- what was added, other than folders of music
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    location TEXT NOT NULL,
    added_at REAL NOT NULL,
    UNIQUE (kind, location)
);
CREATE TABLE part (                         -- pieces of sources that were read to their end
    source_id INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    stamp TEXT NOT NULL,
    PRIMARY KEY (source_id, name)
) WITHOUT ROWID;

CREATE TABLE artist (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,               -- service:id, or name: and the folded name
    name TEXT NOT NULL
);
CREATE TABLE album (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,               -- service:id, or name: and folded artist and title
    title TEXT NOT NULL,
    artist_id INTEGER REFERENCES artist(id)
);

CREATE TABLE song (                         -- all recordings that are one song to a listener
    id INTEGER PRIMARY KEY,
    digest INTEGER,                         -- see songkey.py; null where it matches no other
    first_digest INTEGER,                   -- with the first artist alone, where that differs
    duration REAL,                          -- seconds, of the first that had one
    playlists INTEGER NOT NULL DEFAULT 0,   -- entries in playlists, all tracks together
    indexed INTEGER,                        -- its row in song_text
    stale INTEGER NOT NULL DEFAULT 1        -- whether that row is not what it should be
);
CREATE INDEX song_digest ON song(digest);
CREATE INDEX song_first_digest ON song(first_digest) WHERE first_digest IS NOT NULL;
CREATE INDEX song_stale ON song(id) WHERE stale;

ALTER TABLE track ADD COLUMN key TEXT;      -- service:id; null for tracks of files
ALTER TABLE track ADD COLUMN source_id INTEGER REFERENCES source(id);  -- null for files
ALTER TABLE track ADD COLUMN song_id INTEGER REFERENCES song(id);
ALTER TABLE track ADD COLUMN merged_into INTEGER REFERENCES track(id) ON DELETE SET NULL;
ALTER TABLE track ADD COLUMN artist_id INTEGER REFERENCES artist(id);  -- the first one
ALTER TABLE track ADD COLUMN album_id INTEGER REFERENCES album(id);
ALTER TABLE track ADD COLUMN playlists INTEGER NOT NULL DEFAULT 0;  -- its entries in playlists
CREATE UNIQUE INDEX track_key ON track(key);  -- many may be null
CREATE INDEX track_song ON track(song_id);
CREATE INDEX track_merged ON track(merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE track_artist (                 -- the others, where a track has several
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,              -- from 1: the first artist is in track
    artist_id INTEGER NOT NULL REFERENCES artist(id),
    PRIMARY KEY (track_id, position)
) WITHOUT ROWID;

CREATE TABLE merge (                        -- tracks of two sources that are one recording
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    into_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    certainty REAL NOT NULL,                -- 0..1
    state TEXT NOT NULL CHECK (state IN ('merged', 'doubtful', 'undone')),
    at REAL NOT NULL,
    PRIMARY KEY (track_id, into_id)
) WITHOUT ROWID;
CREATE INDEX merge_into ON merge(into_id);

DROP TABLE playlist;
CREATE TABLE playlist (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,               -- service:id
    source_id INTEGER NOT NULL REFERENCES source(id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',        -- JSON list of strings
    owner TEXT NOT NULL DEFAULT '',
    followers INTEGER,
    plays INTEGER,
    comments INTEGER,
    modified_at INTEGER,                    -- seconds since the epoch
    seen_at REAL NOT NULL,
    size INTEGER NOT NULL,                  -- entries
    items BLOB NOT NULL,                    -- track ids in order, little-endian uint32
    added_at BLOB                           -- parallel: seconds since the epoch, uint32; 0 unknown
);
CREATE INDEX playlist_source ON playlist(source_id);

CREATE TABLE listener (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE                -- me, or service:number
);
CREATE TABLE listen (
    listener_id INTEGER NOT NULL REFERENCES listener(id),
    at INTEGER NOT NULL,                    -- seconds since the epoch
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source(id),
    seconds REAL,
    skipped INTEGER,
    precision INTEGER NOT NULL,             -- seconds
    PRIMARY KEY (listener_id, at, track_id)
) WITHOUT ROWID;
CREATE INDEX listen_track ON listen(track_id);

CREATE TABLE rating (
    listener_id INTEGER NOT NULL REFERENCES listener(id),
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source(id),
    value REAL NOT NULL,                    -- -1..1
    at INTEGER,
    PRIMARY KEY (listener_id, track_id, source_id)
) WITHOUT ROWID;
CREATE INDEX rating_track ON rating(track_id);

CREATE TABLE play_count (
    listener_id INTEGER NOT NULL REFERENCES listener(id),
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source(id),
    plays INTEGER NOT NULL,
    skips INTEGER,
    last_at INTEGER,
    PRIMARY KEY (listener_id, track_id, source_id)
) WITHOUT ROWID;
CREATE INDEX play_count_track ON play_count(track_id);

CREATE TABLE feature (                      -- as sources give them; units as in FeatureRecord
    track_id INTEGER NOT NULL REFERENCES track(id) ON DELETE CASCADE,
    source_id INTEGER NOT NULL REFERENCES source(id),
    valence REAL, energy REAL, arousal REAL, danceability REAL, acousticness REAL,
    instrumentalness REAL, liveness REAL, speechiness REAL, loudness REAL, tempo REAL,
    key INTEGER, mode INTEGER, popularity REAL,
    genres TEXT NOT NULL DEFAULT '[]',      -- JSON list of strings
    seen_at REAL NOT NULL,
    PRIMARY KEY (track_id, source_id)
) WITHOUT ROWID;

INSERT INTO change VALUES ('playlists', 0); -- changes of entries ...
INSERT INTO change VALUES ('counted', 0);   -- ... and up to which of them they are counted

DROP TABLE track_text;
CREATE VIRTUAL TABLE song_text USING fts5(  -- see search_index.py
    title, artist, album, keys, tokenize = "ascii", detail = 'column', columnsize = 0
);
CREATE TABLE song_word (                    -- the words of song_text ...
    word TEXT PRIMARY KEY,
    uses INTEGER NOT NULL                   -- ... and how often each stands there
) WITHOUT ROWID;
CREATE INDEX song_word_common ON song_word(word, uses) WHERE uses >= 50;

CREATE TRIGGER song_of_changed_track AFTER UPDATE OF title, artist, album, song_id ON track BEGIN
    UPDATE song SET stale = 1 WHERE id IN (old.song_id, new.song_id) AND NOT stale;
END;
CREATE TRIGGER song_of_deleted_track AFTER DELETE ON track BEGIN
    UPDATE song SET stale = 1 WHERE id = old.song_id AND NOT stale;
END;
CREATE TRIGGER song_of_new_file AFTER INSERT ON file BEGIN
    UPDATE song SET stale = 1
    WHERE id = (SELECT song_id FROM track WHERE track.id = new.track_id) AND NOT stale;
END;
CREATE TRIGGER song_of_changed_file AFTER UPDATE OF state, track_id ON file BEGIN
    UPDATE song SET stale = 1
    WHERE id IN (SELECT song_id FROM track WHERE track.id IN (old.track_id, new.track_id))
        AND NOT stale;
END;
CREATE TRIGGER song_of_deleted_file AFTER DELETE ON file BEGIN
    UPDATE song SET stale = 1
    WHERE id = (SELECT song_id FROM track WHERE track.id = old.track_id) AND NOT stale;
END;

CREATE TABLE crawl_word (                   -- words of the titles of playlists; see crawl.py
    source_id INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
    word TEXT NOT NULL,
    count INTEGER NOT NULL,                 -- titles it was seen in
    draw INTEGER NOT NULL,                  -- its place in a draw that is blind to the count
    state TEXT NOT NULL             -- first: before all others
        CHECK (state IN ('first', 'new', 'started', 'done', 'failed')),
    cause TEXT,
    next_offset INTEGER NOT NULL DEFAULT 0, -- where its next page of results begins
    pages INTEGER NOT NULL DEFAULT 0,
    results INTEGER NOT NULL DEFAULT 0,     -- playlists on its pages, seen before or not
    PRIMARY KEY (source_id, word)
) WITHOUT ROWID;
CREATE INDEX crawl_word_count ON crawl_word(source_id, count DESC, word) WHERE state = 'new';
CREATE INDEX crawl_word_draw ON crawl_word(source_id, pages, draw, word)
    WHERE state IN ('new', 'started');
CREATE INDEX crawl_word_first ON crawl_word(source_id, state, word)
    WHERE state IN ('first', 'started');

CREATE TABLE crawl_playlist (               -- playlists that were found, in that order
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
    outside_id TEXT NOT NULL,               -- the service's own
    word TEXT NOT NULL,                     -- which found it
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('new', 'started', 'done', 'no access', 'gone', 'failed')),
    cause TEXT,
    next_offset INTEGER DEFAULT 0,          -- where its next page begins; null: read to its end
    pages INTEGER NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,     -- tracks on its pages
    found_at REAL NOT NULL,
    settled_at REAL,                        -- when it was done or given up
    UNIQUE (source_id, outside_id)
);
CREATE INDEX crawl_playlist_waiting ON crawl_playlist(source_id, id)
    WHERE state IN ('new', 'started');
CREATE TABLE crawl_page (                   -- pages of playlists that are not read to their end
    playlist_id INTEGER NOT NULL REFERENCES crawl_playlist(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    tracks TEXT NOT NULL,                   -- JSON list of [when added, fields of the record]
    PRIMARY KEY (playlist_id, number)
);

CREATE TABLE crawl_genre (                  -- genres whose recommendations were fetched, in order
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'done', 'failed')),
    cause TEXT,
    tracks INTEGER NOT NULL DEFAULT 0,
    settled_at REAL,
    UNIQUE (source_id, name)
);
"""

_THIRD: Final = """
CREATE TABLE landmark (                     -- by which songs are told from a few noisy seconds
    track_id INTEGER PRIMARY KEY REFERENCES track(id) ON DELETE CASCADE,
    version INTEGER NOT NULL,               -- of the method
    stamp INTEGER NOT NULL,                 -- random: tells this content from any other
    problem TEXT,                           -- why there is no content
    content BLOB                            -- peaks: little-endian uint32; see landmarks.py
);
CREATE INDEX landmark_state ON landmark(version, track_id, stamp);
CREATE TRIGGER landmark_of_changed_file AFTER UPDATE OF fingerprint ON file
WHEN new.fingerprint IS NOT NULL AND new.fingerprint IS NOT old.fingerprint BEGIN
    DELETE FROM landmark WHERE track_id IN (old.track_id, new.track_id);
END;

CREATE TABLE genre_guess (                  -- what a detector of genres says
    track_id INTEGER PRIMARY KEY REFERENCES track(id) ON DELETE CASCADE,
    detector TEXT NOT NULL,
    genre TEXT,                             -- null: not certain
    certainty REAL NOT NULL,                -- 0..1
    seen_at REAL NOT NULL                   -- seconds since the epoch
);
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _SECOND, _THIRD)
