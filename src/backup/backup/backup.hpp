#pragma once
// All of a home in one file, and back: made while the server runs, checked, restored on any machine.
//
// Problem: a copy of the files is none while somebody writes them, and a home holds the keys that open it. So the database is
// copied as of one moment (by whoever knows how: `Databases`), each journal up to its last whole record, and the machine's keys and
// the first API key go in sealed with a passphrase. A change that was acknowledged before create() was called is in it.
//
//   file   zstd frame with checksum ( tar ( secrets | berth.db | the home's files as they are named there | manifest.json | manifest.sig ) )
//          `tar --zstd -xf` unpacks it. The manifest has the SHA-256 of every part (backup/manifest.hpp); its signature, Ed25519,
//          is by a key that is derived from the machine's newest one, so that who has the secrets can tell who made it.
//
// What is left out: sockets and locks, logs of the server, copies of the database from before migrations, what the server finds out
// again (probe.json), the state of running sandboxes (not their files), templates unless asked for. A terminal that was started
// after the database was copied may be in it without a row: the server sets it aside in lost+found/, and says so.
//
// The file has its name when it is whole and on disk, and none before; a restored home likewise. What was killed leaves nothing
// that the next call does not take away. Memory: a few MiB, and the names of the largest directory. One thread; blocks.
// Errors: AlreadyExists (the file), FailedPrecondition (another backup of the home is being made; the home is not new), Damaged
// (truncated or changed), Unauthenticated (a wrong passphrase), Unsupported (newer), NoSpace and others of the system.
//
// Example (const std::filesystem::path& home, const crypto::Secret& passphrase, const backup::Databases& databases):
//   TRY_ASSIGN(const auto made, backup::create({.home = home, .file = "/srv/berth.backup", .passphrase = &passphrase}, databases));
//   TRY_ASSIGN(const auto seen, backup::verify("/srv/berth.backup", &passphrase));
//   TRY(backup::restore({.file = "/srv/berth.backup", .home = "/srv/new", .passphrase = &passphrase}, databases));

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/manifest.hpp"
#include "base/result.hpp"
#include "crypto/passphrase.hpp"
#include "crypto/secret.hpp"

namespace berth::backup {

using Path = std::filesystem::path;

struct Databases {
  std::function<Result<>(const Path& database, const Path& copy)> copy;     // as of one moment, while others write
  std::function<Result<>(const Path& database, const Path& from)> restore;  // checked
};

using Progress = std::function<void(std::string_view part, std::uint64_t bytes)>;  // all bytes up to now

struct Left {                                  // not in it, or not as it was
  std::uint64_t unreadable = 0, changed = 0;   // changed: became shorter while it was read, and was filled up with zeros
  std::string first;                           // which; for a person
};

struct Report {
  Manifest manifest;
  std::uint64_t file_bytes = 0;
  Left left;                                   // create() only
  bool opened = false;                         // the passphrase opened the secrets, and their machine made the backup
};

struct Creation {
  Path home, file;
  const crypto::Secret* passphrase = nullptr;
  bool templates = false;
  Progress progress;
  crypto::PassphraseCost cost;
};
Result<Report> create(const Creation& what, const Databases& databases);

// Reads all of it. Without a passphrase the secrets stay closed: it is whole, and signed by who signed it.
Result<Report> verify(const Path& file, const crypto::Secret* passphrase, const Progress& progress = {});

struct Restoration {
  Path file, home;                             // home: not there, or an empty directory
  const crypto::Secret* passphrase = nullptr;
  Progress progress;
};
Result<Report> restore(const Restoration& what, const Databases& databases);

}  // namespace berth::backup
