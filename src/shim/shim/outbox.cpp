#include "shim/outbox.hpp"

#include "os/file.hpp"
#include "wire/frame.hpp"

namespace berth::shim {
namespace {

constexpr std::size_t kept_capacity = 128 << 10;  // a burst's memory is given back

}  // namespace

void Outbox::add_frame(const google::protobuf::MessageLite& message) { wire::append_frame(message, bytes_); }

Result<> Outbox::flush(int fd) {
  while (!empty()) {
    TRY_ASSIGN(const auto written, os::write_some(fd, std::string_view(bytes_).substr(sent_)));
    if (!written) break;
    sent_ += *written;
  }
  if (empty()) {
    bytes_.clear();
    sent_ = 0;
    if (bytes_.capacity() > kept_capacity) bytes_.shrink_to_fit();
  } else if (sent_ >= bytes_.size() / 2) {
    bytes_.erase(0, sent_);
    sent_ = 0;
  }
  return {};
}

}  // namespace berth::shim
