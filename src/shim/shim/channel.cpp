#include "shim/channel.hpp"

#include "os/file.hpp"
#include "os/socket.hpp"

namespace berth::shim {
namespace {

constexpr std::size_t max_drain_reads = 256;

Error closed() { return {.code = Code::Unavailable, .message = "The sandbox's channel was closed."}; }
Error broken(std::string what) { return {.code = Code::Damaged, .message = std::move(what)}; }

}  // namespace

Channel::Channel(Loop& loop, sandbox::Started started, Owner& owner)
    : loop_(loop), owner_(owner), to_init_(std::move(started.to_init)), from_init_(std::move(started.from_init)),
      passes_descriptors_(os::is_unix_socket(from_init_.get())) {}

Result<std::unique_ptr<Channel>> Channel::open(Loop& loop, sandbox::Started started, Owner& owner) {
  TRY(os::set_nonblocking(started.to_init.get()));
  TRY(os::set_nonblocking(started.from_init.get()));
  std::unique_ptr<Channel> channel(new Channel(loop, std::move(started), owner));
  Channel* self = channel.get();
  TRY_ASSIGN(channel->reading_, loop.watch(self->from_init_.get(), EPOLLIN, [self](std::uint32_t) { self->readable(); }));
  TRY_ASSIGN(channel->writing_, loop.watch(self->to_init_.get(), 0, [self](std::uint32_t events) { self->writing_ready(events); }));
  return channel;
}

void Channel::send(const wire::ToInit& frame) {
  if (ended_) return;
  const bool idle = outbox_.empty();
  outbox_.add_frame(frame);
  if (idle) writable();
  if (outbox_.size() > max_waiting_bytes) end(broken("berth-init does not read its channel."));
}

void Channel::writing_ready(std::uint32_t events) {
  if (events & (EPOLLERR | EPOLLHUP)) return stop_writing();
  writable();
}

// What init sent before it went is still to be read: the reading side tells the end.
void Channel::stop_writing() {
  writing_.reset();
  outbox_ = {};
}

void Channel::writable() {
  const bool was_busy = busy();
  if (!outbox_.flush(to_init_.get())) return stop_writing();
  if (writing_) writing_.want(outbox_.empty() ? 0u : std::uint32_t{EPOLLOUT});
  if (was_busy && !busy()) owner_.channel_drained();
}

Result<std::size_t> Channel::receive(std::span<char> into, bool& nothing) {
  nothing = false;
  if (!passes_descriptors_) {
    TRY_ASSIGN(const auto got, os::read_some(from_init_.get(), into));
    nothing = !got;
    return got.value_or(0);
  }
  TRY_ASSIGN(auto got, os::receive_with_fds(from_init_.get(), into));
  nothing = !got;
  if (!got) return std::size_t{0};
  for (auto& descriptor : got->fds) descriptors_.push_back(std::move(descriptor));
  return got->bytes;
}

bool Channel::readable() {
  bool nothing = false;
  const auto got = receive(loop_.scratch(), nothing);
  if (nothing) return false;
  if (!got || *got == 0) {
    end(closed());
  } else if (descriptors_.size() > max_waiting_descriptors) {
    end(broken("berth-init sent too many descriptors."));
  } else if (auto taken = take_frames({loop_.scratch().data(), *got}); !taken) {
    end(std::move(taken).error());
  }
  return true;
}

void Channel::drain() {
  // What the kernel holds of a channel is bounded; a peer that outlived its sandbox is not waited for.
  for (std::size_t reads = 0; reads < max_drain_reads && !ended_ && readable(); ++reads) {}
}

Result<> Channel::take_frames(std::string_view bytes) {
  if (auto fed = reader_.feed(bytes); !fed) return pass(broken("berth-init sent a frame with a length out of range."));
  bool taken = false;
  while (const auto payload = ended_ ? std::nullopt : reader_.next()) {
    if (!wire::parse_frame(*payload, frame_)) return pass(broken("berth-init sent a frame that does not parse."));
    owner_.channel_frame(frame_);
    taken = true;
  }
  // Descriptors belong to the last frame that began: with that one whole, none may be left over.
  if (taken && !ended_ && !descriptors_.empty() && reader_.empty())
    return pass(broken("berth-init sent descriptors that no frame announces."));
  return {};
}

std::vector<UniqueFd> Channel::take_descriptors(std::size_t count) {
  std::vector<UniqueFd> taken;
  if (descriptors_.size() < count) return taken;
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(std::move(descriptors_.front()));
    descriptors_.pop_front();
  }
  return taken;
}

void Channel::end(Error why) {
  if (ended_) return;
  ended_ = true;
  reading_.reset();
  writing_.reset();
  outbox_ = {};
  descriptors_.clear();
  owner_.channel_ended(std::move(why));
}

}  // namespace berth::shim
