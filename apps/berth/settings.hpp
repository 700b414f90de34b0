#pragma once
// The settings of the one schema, as each room wants them.

#include <filesystem>

#include "api_http/server.hpp"
#include "config/config.hpp"
#include "control/service.hpp"

namespace berth {

control::Settings control_settings(const config::Settings& settings);
Result<api_http::Settings> http_settings(const std::filesystem::path& home, const config::Config& config);

}  // namespace berth
