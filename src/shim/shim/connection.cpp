#include "shim/connection.hpp"

#include "crypto/crypto.hpp"
#include "os/file.hpp"

namespace berth::shim {
namespace {

constexpr std::string_view proof_prefix = "berth-shim-v1";
constexpr std::size_t nonce_bytes = 32;
// A keystroke's ack rides behind its echo: a server is woken once for both.
constexpr std::chrono::milliseconds tell_after{5};
constexpr std::size_t tell_at_once_bytes = wire::input_window_bytes / 8;

std::string_view view_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Connection::Connection(Loop& loop, UniqueFd socket, std::uint64_t number, const wire::ShimSpec& spec, Owner& owner)
    : loop_(loop), owner_(owner), socket_(std::move(socket)), number_(number), spec_(spec) {}

Result<std::unique_ptr<Connection>> Connection::open(Loop& loop, UniqueFd socket, std::uint64_t number, Trust trust,
                                                     const wire::ShimSpec& spec, Owner& owner) {
  TRY(os::set_nonblocking(socket.get()));
  std::unique_ptr<Connection> connection(new Connection(loop, std::move(socket), number, spec, owner));
  Connection* self = connection.get();
  TRY_ASSIGN(self->watch_,
             loop.watch(self->socket_.get(), EPOLLIN, [self](std::uint32_t events) { self->ready(events); }));
  self->proven_ = trust == Trust::Inherited;
  if (!self->proven_) TRY(self->challenge());
  return connection;
}

Result<> Connection::challenge() {
  const auto nonce = crypto::random_array<nonce_bytes>();
  nonce_ = view_of(nonce);
  wire::FromShim frame;
  frame.mutable_challenge()->set_version(protocol_version);
  frame.mutable_challenge()->set_nonce(nonce_);
  outbox_.add_frame(frame);
  prove_deadline_ = loop_.after(prove_ms, [this] { close("no proof in time"); });
  return outbox_.flush(socket_.get());
}

void Connection::ready(std::uint32_t events) {
  if (events & (EPOLLOUT | EPOLLERR)) flush();
  if (!ended_ && (events & (EPOLLIN | EPOLLHUP))) readable();
}

void Connection::readable() {
  const auto into = loop_.scratch();
  const auto got = os::read_some(socket_.get(), into);
  if (got && !*got) return;
  if (!got || **got == 0) return close("closed by the peer");
  if (!proven_ && (unproven_bytes_ += **got) > max_unproven_bytes) return close("too much before the proof");
  if (!reader_.feed({into.data(), **got})) return close("a frame has a length out of range");
  while (const auto payload = ended_ ? std::nullopt : reader_.next()) {
    if (!wire::parse_frame(*payload, frame_)) return close("a frame does not parse");
    take(frame_);
  }
}

void Connection::take(const wire::ToShim& frame) {
  if (!proven_) return prove(frame);
  if (frame.message_case() == wire::ToShim::MESSAGE_NOT_SET || frame.has_proof()) return close("an unknown frame");
  owner_.connection_frame(*this, frame);
}

void Connection::prove(const wire::ToShim& frame) {
  const auto expected = crypto::hmac_sha256(spec_.secret(), std::string(proof_prefix) + nonce_);
  if (!frame.has_proof() || !crypto::equal(frame.proof().mac(), view_of(expected))) return close("a wrong proof");
  proven_ = true;
  prove_deadline_.reset();
  owner_.connection_proven(*this);
}

void Connection::send(const wire::FromShim& frame) {
  if (ended_) return;
  const bool idle = outbox_.empty();
  outbox_.add_frame(frame);
  if (idle) flush();
  if (!ended_ && outbox_.size() > spec_.send_buffer_bytes() + reserve_bytes) close("does not read");
}

void Connection::offer_output(const std::string& terminal, std::string_view frame) {
  if (!listens()) return;
  if (behind_.contains(terminal) || (!outbox_.empty() && outbox_.size() + frame.size() > spec_.send_buffer_bytes())) {
    behind_.insert(terminal);
    return;
  }
  const bool idle = outbox_.empty();
  outbox_.add(frame);
  if (idle) flush();
}

void Connection::flush() {
  if (ended_) return;
  if (!outbox_.flush(socket_.get())) return close("closed by the peer");
  if (outbox_.empty() && !behind_.empty()) {
    const auto terminals = std::exchange(behind_, {});
    owner_.connection_drained(*this, terminals);
    if (ended_) return;
  }
  std::uint32_t events = 0;
  if (!outbox_.empty()) events |= EPOLLOUT;
  if (outbox_.size() <= spec_.send_buffer_bytes()) events |= EPOLLIN;
  watch_.want(events);
}

void Connection::close(std::string_view why) {
  if (ended_) return;
  ended_ = true;
  watch_.reset();
  prove_deadline_.reset();
  tell_.reset();
  outbox_ = {};
  owner_.connection_ended(*this, why);
}

bool Connection::accept_input(const std::string& terminal, std::size_t bytes) {
  Input& input = input_[terminal];
  input.accepted += bytes;
  if (input.accepted - input.taken <= wire::input_window_bytes) return true;
  close("more input than its window");
  return false;
}

void Connection::input_taken(const std::string& terminal, std::size_t bytes) {
  const auto at = input_.find(terminal);
  if (at == input_.end() || ended_) return;
  Input& input = at->second;
  input.taken += bytes;
  if (input.taken - input.told >= tell_at_once_bytes) return tell_input(terminal, input);
  if (!tell_.armed()) tell_ = loop_.after(tell_after, [this] { tell_all_input(); });
}

void Connection::tell_input(const std::string& terminal, Input& input) {
  input.told = input.taken;
  wire::FromShim frame;
  frame.mutable_input_ack()->set_terminal_id(terminal);
  frame.mutable_input_ack()->set_taken(input.taken);
  send(frame);
}

void Connection::tell_all_input() {
  for (auto& [terminal, input] : input_)
    if (input.told != input.taken) tell_input(terminal, input);
}

void Connection::forget_terminal(const std::string& terminal) {
  input_.erase(terminal);
  behind_.erase(terminal);
}

}  // namespace berth::shim
