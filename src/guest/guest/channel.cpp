#include "guest/channel.hpp"

#include <array>
#include <cerrno>

#include "base/check.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "wire/init.pb.h"

namespace berth::guest {

Result<Channel> Channel::open(UniqueFd in, UniqueFd out) {
  TRY(os::set_nonblocking(in.get()));
  TRY(os::set_nonblocking(out.get()));
  TRY(os::set_close_on_exec(in.get(), true));
  TRY(os::set_close_on_exec(out.get(), true));
  const bool is_socket = os::is_unix_socket(out.get());
  return Channel{std::move(in), std::move(out), is_socket};
}

Result<bool> Channel::receive() {
  static std::array<char, 64 << 10> buffer;  // one channel per process
  TRY_ASSIGN(auto n, os::read_some(in_.get(), buffer));
  if (!n) return true;
  if (*n == 0) return false;
  moved_ += *n;
  TRY(frames_.feed({buffer.data(), *n}));
  return true;
}

void Channel::send(const wire::FromInit& message, std::vector<UniqueFd> fds) {
  BERTH_CHECK(fds.empty() || is_socket_);
  if (sent_ > 0 && sent_ * 2 >= outgoing_.size()) {
    outgoing_.erase(0, sent_);
    for (Attachment& attachment : attachments_) attachment.at -= sent_;
    sent_ = 0;
  }
  if (!fds.empty()) attachments_.push_back({.at = outgoing_.size(), .fds = std::move(fds)});
  wire::append_frame(message, outgoing_);
}

// Descriptors go with the first byte of their frame; bytes before it go in a call of their own.
Result<std::optional<std::size_t>> Channel::write_piece() {
  std::string_view bytes = std::string_view(outgoing_).substr(sent_);
  if (!is_socket_) return os::write_some(out_.get(), bytes);
  std::vector<int> numbers;
  if (!attachments_.empty()) {
    const Attachment& first = attachments_.front();
    if (first.at > sent_)
      bytes = bytes.substr(0, first.at - sent_);
    else
      for (const UniqueFd& fd : first.fds) numbers.push_back(fd.get());
    if (first.at == sent_ && attachments_.size() > 1) bytes = bytes.substr(0, attachments_[1].at - sent_);
  }
  auto n = os::send_with_fds(out_.get(), bytes, numbers);
  refused_ = !n && n.error().sys_errno == ETOOMANYREFS;
  if (refused_) return std::nullopt;
  if (n && *n && !numbers.empty()) attachments_.pop_front();
  return n;
}

Result<> Channel::flush() {
  refused_ = false;
  while (waiting() > 0) {
    TRY_ASSIGN(auto n, write_piece());
    if (!n) return {};
    sent_ += *n;
    moved_ += *n;
  }
  outgoing_.clear();
  sent_ = 0;
  if (outgoing_.capacity() > congested_bytes / 2) std::string().swap(outgoing_);  // assigning an empty one would keep the memory
  return {};
}

}  // namespace berth::guest
