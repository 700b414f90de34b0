#pragma once
// Error → what a client sees (RFC 9457): a code, one sentence, a hint and the request id. This is the only mapping. What
// the error says beyond that (operation, subject, errno) is for the log, under the same request id.

#include <string_view>

#include "api_http/http.hpp"
#include "base/error.hpp"

namespace berth::api_http {

[[nodiscard]] unsigned status_of(Code code);
[[nodiscard]] std::string_view title_of(unsigned status);
// status 0: as the code says.
[[nodiscard]] Response problem_response(const Error& error, std::string_view request_id, unsigned status = 0);

}  // namespace berth::api_http
