#pragma once
// Snapshots and visits, as actions: what snapshots::Snapshots can do. A part of control/actions.hpp, with the same rules.
//
// Whoever shows a snapshot that is not the caller's needs its link, and a token where the owner asks for one. An id that is
// unknown and one that is not shown are refused alike, and counted against the address that they came from.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "control/streams.hpp"
#include "snapshots/snapshots.hpp"

namespace berth::control {

// By which client, and under which key a repeated request has one effect.
struct SnapshotChange { std::string client, once; };
struct SnapshotTarget { SnapshotId snapshot; std::string token; };

struct CreateSnapshot { snapshots::NewSnapshot wanted; SnapshotChange change; };
struct DeriveSnapshot { SnapshotId snapshot; snapshots::NewSnapshot wanted; SnapshotChange change; };
struct ImportSnapshot { std::shared_ptr<UniqueFd> source; std::string title; SnapshotChange change; };  // the bundle comes through it
struct ListSnapshots { store::SnapshotFilter filter; std::string after; std::uint32_t limit = 20; };  // of the filter, not the owner
struct GetSnapshot { SnapshotTarget target; };
struct ReadPart { SnapshotTarget target; std::string name; };
struct ExportSnapshot { SnapshotTarget target; };
struct CopySnapshot { SnapshotTarget target; std::string title; SnapshotChange change; };
struct ScanSnapshot { SnapshotId snapshot; };
struct VerifySnapshot { SnapshotId snapshot; };
struct ShareSnapshot { SnapshotId snapshot; snapshots::Sharing wanted; };
struct UnshareSnapshot { SnapshotId snapshot; std::optional<AccessId> access; };
struct RemoveSnapshot { SnapshotId snapshot; };
struct VisitSnapshot { SnapshotTarget target; };
struct ListVisits { store::VisitFilter filter; std::string after; std::uint32_t limit = 20; };        // of the filter, not the visitor
struct ForgetVisit { SnapshotId snapshot; };

// A part, or a bundle.
class SnapshotStream : public PieceStream {
 public:
  [[nodiscard]] virtual bool bundle() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;  // of the part; of a bundle the id
};

}  // namespace berth::control
