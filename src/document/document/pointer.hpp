#pragma once
// Private to document: JSON Pointer, the way to one place in a document. Source: RFC 6901.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/json.hpp"

namespace berth::document {

using Path = std::vector<std::string>;  // the steps, unescaped; empty is the whole document

[[nodiscard]] Result<Path> parse_pointer(std::string_view text);
void append_step(std::string& pointer, std::string_view step);

// A place in an array: "0", "12"; "-" (behind the last) only for who adds. Nothing when it is none of `size` items.
enum class Behind { No, Yes };
[[nodiscard]] std::optional<std::size_t> index_of(std::string_view step, std::size_t size, Behind behind);
[[nodiscard]] Value* find(Value& root, const Path& path, std::size_t steps);  // the first `steps` of it

}  // namespace berth::document
