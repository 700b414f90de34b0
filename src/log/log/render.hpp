#pragma once
// Private to log: one record as one line. Pure functions of their input; the output holds no control character but what
// is escaped, and is valid UTF-8 (bad bytes become U+FFFD).
//
// JSON (version 1): {"time":"2026-01-31T12:00:00.123456Z","level":"info","message":"…", then the fields}
// Text: 2026-01-31T12:00:00.123456Z info    message name=value name="with blanks"

#include <string>
#include <string_view>

#include "base/units.hpp"
#include "log/log.hpp"

namespace berth::log {

void append_json_fields(std::string& out, Fields fields);  // each with a comma before it
void append_text_fields(std::string& out, Fields fields);  // each with a blank before it

// `context` is what append_…_fields made before.
[[nodiscard]] std::string render_json(WallTime time, Level level, std::string_view message, std::string_view context,
                                      Fields fields);
[[nodiscard]] std::string render_text(WallTime time, Level level, std::string_view message, std::string_view context,
                                      Fields fields);

}  // namespace berth::log
