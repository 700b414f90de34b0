#pragma once
// File operations inside the sandbox (FileRequest of wire/init.proto), which never leave it.
//
// Paths are resolved below `root` whatever they say: `..` stops there, absolute links begin there, magic links of /proc are
// refused (os/inside.hpp). The kernel's own file systems (/proc, /sys, cgroups) are refused, reading included. STAT, MOVE
// and REMOVE do not follow the last component; LIST, READ and WRITE do, inside the root. READ and WRITE take regular files
// only: a FIFO or a device would block init.
// Limits: wire::max_data_bytes per READ and WRITE, max_entries per LIST and no more than fit a frame (the first by name).

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "wire/init.pb.h"

namespace berth::guest {

class Files {
 public:
  static constexpr std::size_t max_entries = 4096;

  static Result<Files> open(const std::string& root, std::string home);
  [[nodiscard]] wire::FileReply answer(const wire::FileRequest& request) const;

 private:
  struct Place { UniqueFd parent; std::string name; };  // a name in a directory, itself not followed

  Files(UniqueFd root, std::string home) : root_(std::move(root)), home_(std::move(home)) {}

  Result<std::string> absolute(const std::string& path) const;
  Result<Place> place(const std::string& path) const;
  Result<UniqueFd> open_allowed(const std::string& path, int flags, mode_t mode = 0) const;

  Result<> stat(const wire::FileRequest& request, wire::FileReply& reply) const;
  Result<> list(const wire::FileRequest& request, wire::FileReply& reply) const;
  Result<> read(const wire::FileRequest& request, wire::FileReply& reply) const;
  Result<> write(const wire::FileRequest& request) const;
  Result<> make_directory(const wire::FileRequest& request) const;
  Result<> move(const wire::FileRequest& request) const;
  Result<> remove(const wire::FileRequest& request) const;

  UniqueFd root_;
  std::string home_;
};

}  // namespace berth::guest
