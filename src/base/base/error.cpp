#include "base/error.hpp"

#include <fmt/format.h>

#include <cstring>

namespace berth {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::InvalidArgument: return "invalid_argument";
    case Code::NotFound: return "not_found";
    case Code::AlreadyExists: return "already_exists";
    case Code::FailedPrecondition: return "failed_precondition";
    case Code::PermissionDenied: return "permission_denied";
    case Code::Unauthenticated: return "unauthenticated";
    case Code::RateLimited: return "rate_limited";
    case Code::ResourceExhausted: return "resource_exhausted";
    case Code::TooLarge: return "too_large";
    case Code::Timeout: return "timeout";
    case Code::Cancelled: return "cancelled";
    case Code::Unavailable: return "unavailable";
    case Code::Unsupported: return "unsupported";
    case Code::Stale: return "stale_version";
    case Code::VersionRequired: return "version_required";
    case Code::RecordDamaged: return "record_damaged";
    case Code::Damaged: return "damaged";
    case Code::NoSpace: return "no_space";
    case Code::Internal: return "internal";
  }
  return "internal";
}

Code code_from_errno(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
    case ESRCH: return Code::NotFound;
    case EEXIST: return Code::AlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS: return Code::PermissionDenied;
    case ENOSPC:
    case EDQUOT: return Code::NoSpace;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case ENOTDIR:
    case EISDIR: return Code::InvalidArgument;
    case ENOTEMPTY:
    case EBUSY:
    case EADDRINUSE: return Code::FailedPrecondition;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Code::ResourceExhausted;
    case ETIMEDOUT: return Code::Timeout;
    case ECANCELED: return Code::Cancelled;
    case EPIPE:
    case ECONNREFUSED:
    case ECONNRESET: return Code::Unavailable;
    case ENOSYS:
    case EOPNOTSUPP: return Code::Unsupported;
    case EFBIG: return Code::TooLarge;
    default: return Code::Internal;
  }
}

std::string Error::describe() const {
  std::string out = fmt::format("{}: {}", to_string(code), message);
  if (!operation.empty()) out += fmt::format(" [{}{}{}]", operation, subject.empty() ? "" : " ", subject);
  if (sys_errno != 0) out += fmt::format(" ({})", std::strerror(sys_errno));
  return out;
}

}  // namespace berth
