#pragma once
// The machine-readable form of the API: OpenAPI 3.1, made from the table of routes and the tables of fields.

#include <string>
#include <string_view>

namespace berth::api_http {

[[nodiscard]] std::string openapi_document(std::string_view version);

}  // namespace berth::api_http
