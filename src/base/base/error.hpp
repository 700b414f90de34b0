#pragma once
// What went wrong, as a value. A layer adds its subject and never rewrites the cause; the first cause wins.
//
// `code` is what callers branch on and what clients see; `message` is one sentence that is safe to show to a client.
// `operation`, `subject` and `sys_errno` say which call failed on what: they go to the log only, since they may name
// paths. `hint` tells a person what to do next and is safe to show.

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

enum class Code {
  InvalidArgument,    // the request itself is wrong: fix it, do not retry
  NotFound,           // no such thing, or not yours: the two look the same
  AlreadyExists,      // the name is in use
  FailedPrecondition, // the thing is in the wrong state for this
  PermissionDenied,   // known caller, not allowed
  Unauthenticated,    // unknown caller
  RateLimited,        // too many requests; retry after a while
  ResourceExhausted,  // a quota or a limit of the host
  TooLarge,           // over a named size limit
  Timeout,            // a deadline passed
  Cancelled,          // we were told to stop
  Unavailable,        // a peer is away; retrying may help
  Unsupported,        // this build, host or driver cannot do it
  Stale,              // made from a version that is not the newest any more; `facts` tell the newest
  VersionRequired,    // a change must name the version that it was made from
  RecordDamaged,      // one record of many fails its check; kept, not repaired
  Damaged,            // stored bytes fail their check; kept, not repaired
  NoSpace,            // the disk is full
  Internal,           // a defect of ours
};

[[nodiscard]] std::string_view to_string(Code code);  // snake_case: "not_found"
[[nodiscard]] Code code_from_errno(int sys_errno);

struct [[nodiscard]] Error {
  Code code = Code::Internal;
  std::string message;    // one sentence for a client
  std::string hint;       // what to do next; may be empty
  std::string operation;  // "open", "runc create"; log only
  std::string subject;    // path, id, name; log only
  int sys_errno = 0;
  std::vector<std::pair<std::string, std::string>> facts;  // for programs, safe to show: with Stale "version", "updated", …
  std::optional<std::chrono::milliseconds> retry_after;  // with RateLimited: when it may work; safe to show

  [[nodiscard]] std::string describe() const;  // everything, for the log
};

}  // namespace berth
