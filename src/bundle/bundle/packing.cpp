#include "bundle/packing.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include "base/check.hpp"
#include "os/file.hpp"

namespace berth::bundle {
namespace {

std::unexpected<Error> damaged(std::string subject) {
  Error error{.code = Code::Damaged, .message = "The bundle is damaged or incomplete.", .hint = "Fetch it again.", .operation = "unpack",
              .subject = std::move(subject)};
  return std::unexpected(std::move(error));
}

}  // namespace

void Packer::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

Packer::Packer(int fd, int level) : fd_(fd), context_(ZSTD_createCCtx()), out_(ZSTD_CStreamOutSize(), '\0') {
  BERTH_CHECK(context_ != nullptr);
  BERTH_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level)) == 0);
  BERTH_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1)) == 0);
}

Result<> Packer::write(std::string_view bytes) { return run(bytes, false); }
Result<> Packer::finish() { return run({}, true); }

Result<> Packer::run(std::string_view bytes, bool last) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return fail(Code::Internal, fmt::format("Packing failed: {}.", ZSTD_getErrorName(left)));
    TRY(os::write_all(fd_, std::string_view(out_).substr(0, out.pos)));
    if (last ? left == 0 : in.pos == in.size) return {};
  }
}

Unpacker::Unpacker(int fd, const Limits& limits)
    : fd_(fd), limits_(limits), context_(ZSTD_createDCtx()), in_(ZSTD_DStreamInSize(), '\0') {
  BERTH_CHECK(context_ != nullptr);
  BERTH_CHECK(ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log)) == 0);
}

Result<bool> Unpacker::refill() {
  TRY_ASSIGN(const auto got, os::read_some(fd_, in_));
  if (!got) return fail(Code::Internal, "A bundle is read from a descriptor that does not wait.");
  at_ = 0;
  size_ = *got;
  packed_ += *got;
  return *got > 0;
}

Result<> Unpacker::read(std::span<char> into) {
  ZSTD_outBuffer out{into.data(), into.size(), 0};
  while (out.pos < out.size) {
    if (ended_) return damaged("the frame ends too early");
    // Without input the call gives what is left from before, if anything: only then is more read.
    const std::size_t before = out.pos;
    ZSTD_inBuffer in{in_.data() + at_, size_ - at_, 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(left) != 0) return damaged(ZSTD_getErrorName(left));
    at_ += in.pos;
    unpacked_ += out.pos - before;
    ended_ = left == 0;
    if (unpacked_ > limits_.ratio_from && unpacked_ / limits_.ratio > packed_)
      return fail(Code::TooLarge, fmt::format("The bundle unpacks to more than {} times its size.", limits_.ratio));
    if (ended_ || out.pos > before || at_ < size_) continue;
    TRY_ASSIGN(const bool more, refill());
    if (!more) return damaged("the file ends too early");
  }
  return {};
}

Result<> Unpacker::expect_end() {
  while (!ended_) {
    char more = 0;
    ZSTD_outBuffer out{&more, 1, 0};
    ZSTD_inBuffer in{in_.data() + at_, size_ - at_, 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(left) != 0) return damaged(ZSTD_getErrorName(left));
    if (out.pos > 0) return damaged("there is more in the frame");
    at_ += in.pos;
    ended_ = left == 0;
    if (ended_ || in.pos > 0) continue;
    TRY_ASSIGN(const bool filled, refill());
    if (!filled) return damaged("the file ends too early");
  }
  if (at_ < size_) return damaged("there is more behind the frame");
  TRY_ASSIGN(const bool more, refill());
  if (more) return damaged("there is more behind the frame");
  return {};
}

}  // namespace berth::bundle
