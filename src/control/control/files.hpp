#pragma once
// Files of a sandbox, through its init, in pieces that fit a frame. Paths are resolved inside the sandbox; nothing of them
// is looked up on the host. On the sandbox's strand, over the link of the moment.
// Errors: as the kernel inside says (NotFound, PermissionDenied, …); Timeout and Unavailable of the link.

#include <boost/asio/awaitable.hpp>

#include <memory>

#include "control/actions.hpp"
#include "link/link.hpp"
#include "sandboxes/sandbox.hpp"

namespace berth::control {

inline constexpr std::uint64_t max_listed = 5'000;

using Box = std::shared_ptr<sandboxes::Sandbox>;
boost::asio::awaitable<Result<FileEntry>> stat_file(Box box, std::string path);
boost::asio::awaitable<Result<FileList>> list_files(Box box, std::string path);
boost::asio::awaitable<Result<FileData>> read_file(Box box, std::string path, std::uint64_t offset, std::uint64_t limit);
// Whole or not at all: written beside and renamed. What is there and not a plain file (a link, a device) is written in place.
boost::asio::awaitable<Result<>> write_file(Box box, WriteFile file);
boost::asio::awaitable<Result<>> make_directory(Box box, std::string path, bool parents);
boost::asio::awaitable<Result<>> move_file(Box box, std::string from, std::string to);
boost::asio::awaitable<Result<>> remove_file(Box box, std::string path, bool recursive);

}  // namespace berth::control
