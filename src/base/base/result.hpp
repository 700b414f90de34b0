#pragma once
// Result<T> is the return type of everything that can fail as expected. TRY and CO_TRY pass a failure up unchanged.

#include <cstring>
#include <expected>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace berth {

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message, std::string hint = {}) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .hint = std::move(hint)});
}

// A system call failed: `operation` is its name, `subject` what it worked on. The message names neither.
[[nodiscard]] inline std::unexpected<Error> fail_errno(int sys_errno, std::string operation, std::string subject = {}) {
  return std::unexpected(Error{.code = code_from_errno(sys_errno),
                               .message = std::strerror(sys_errno),
                               .operation = std::move(operation),
                               .subject = std::move(subject),
                               .sys_errno = sys_errno});
}

[[nodiscard]] inline std::unexpected<Error> pass(Error error) { return std::unexpected(std::move(error)); }

}  // namespace berth

#define BERTH_CONCAT_2(a, b) a##b
#define BERTH_CONCAT(a, b) BERTH_CONCAT_2(a, b)

#define TRY(expression)                                                                  \
  do {                                                                                   \
    if (auto try_result = (expression); !try_result)                                     \
      return std::unexpected(std::move(try_result).error());                             \
  } while (false)

#define TRY_ASSIGN_IMPL(temporary, declaration, expression)                              \
  auto temporary = (expression);                                                         \
  if (!temporary) return std::unexpected(std::move(temporary).error());                  \
  declaration = *std::move(temporary)

// TRY_ASSIGN(auto fd, open_read(path));
#define TRY_ASSIGN(declaration, ...) TRY_ASSIGN_IMPL(BERTH_CONCAT(try_, __COUNTER__), declaration, (__VA_ARGS__))

#define CO_TRY(expression)                                                               \
  do {                                                                                   \
    if (auto try_result = (expression); !try_result)                                     \
      co_return std::unexpected(std::move(try_result).error());                          \
  } while (false)

#define CO_TRY_ASSIGN_IMPL(temporary, declaration, expression)                           \
  auto temporary = (expression);                                                         \
  if (!temporary) co_return std::unexpected(std::move(temporary).error());               \
  declaration = *std::move(temporary)

#define CO_TRY_ASSIGN(declaration, ...) CO_TRY_ASSIGN_IMPL(BERTH_CONCAT(try_, __COUNTER__), declaration, (__VA_ARGS__))
