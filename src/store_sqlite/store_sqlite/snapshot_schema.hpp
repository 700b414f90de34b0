#pragma once
// Private to store_sqlite: the tables of snapshots, their tokens and visits. Each order of a list is a range of one index.

namespace berth::store_sqlite {

inline constexpr const char* snapshot_schema = R"sql(
CREATE TABLE snapshots (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  title_key TEXT NOT NULL,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,
  state INTEGER NOT NULL,
  visibility INTEGER NOT NULL,
  session TEXT NOT NULL,
  version INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshots_by_title ON snapshots (owner, title_key, seq);
CREATE INDEX snapshots_by_created ON snapshots (owner, created, seq);
CREATE INDEX snapshots_by_state ON snapshots (state, seq);

CREATE TABLE snapshot_accesses (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  snapshot TEXT NOT NULL,
  label TEXT NOT NULL,
  hash TEXT NOT NULL,
  most_uses INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER,
  revoked INTEGER,
  used INTEGER,
  UNIQUE (snapshot, hash)
) STRICT;

CREATE TABLE snapshot_visits (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  snapshot TEXT NOT NULL,
  visitor TEXT NOT NULL,
  title TEXT NOT NULL,
  title_key TEXT NOT NULL,
  count INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  UNIQUE (snapshot, visitor)
) STRICT;
CREATE INDEX visits_by_title ON snapshot_visits (visitor, title_key, seq) WHERE hidden = 0;
CREATE INDEX visits_by_first ON snapshot_visits (visitor, first, seq) WHERE hidden = 0;
CREATE INDEX visits_by_last ON snapshot_visits (visitor, last, seq) WHERE hidden = 0;
CREATE INDEX visits_not_gone ON snapshot_visits (snapshot) WHERE gone = 0;
)sql";

}  // namespace berth::store_sqlite
