#include "document/pointer.hpp"

#include <charconv>

namespace berth::document {

Result<Path> parse_pointer(std::string_view text) {
  Path path;
  if (!text.empty() && text.front() != '/') return fail(Code::InvalidArgument, "A path of the patch does not begin with \"/\".");
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto raw = text.substr(0, text.find('/'));
    text.remove_prefix(raw.size());
    std::string step;
    for (std::size_t at = 0; at < raw.size(); ++at) {
      if (raw[at] != '~') {
        step += raw[at];
        continue;
      }
      const char next = at + 1 < raw.size() ? raw[++at] : '\0';
      if (next != '0' && next != '1') return fail(Code::InvalidArgument, "A path of the patch holds a \"~\" that is none.",
                                                  "Write ~0 for ~ and ~1 for /.");
      step += next == '0' ? '~' : '/';
    }
    path.push_back(std::move(step));
  }
  return path;
}

void append_step(std::string& pointer, std::string_view step) {
  pointer += '/';
  for (const char c : step) {
    if (c == '~') pointer += "~0";
    else if (c == '/') pointer += "~1";
    else pointer += c;
  }
}

std::optional<std::size_t> index_of(std::string_view step, std::size_t size, Behind behind) {
  const std::size_t most = behind == Behind::Yes ? size + 1 : size;
  if (behind == Behind::Yes && step == "-") return size;
  if (step.empty() || (step.size() > 1 && step.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc{} || end != step.data() + step.size() || index >= most) return std::nullopt;
  return index;
}

Value* find(Value& root, const Path& path, std::size_t steps) {
  Value* at = &root;
  for (std::size_t i = 0; i < steps && at != nullptr; ++i) {
    if (auto* object = at->if_object()) {
      at = object->if_contains(path[i]);
    } else if (auto* array = at->if_array()) {
      const auto index = index_of(path[i], array->size(), Behind::No);
      at = index ? &(*array)[*index] : nullptr;
    } else {
      at = nullptr;
    }
  }
  return at;
}

}  // namespace berth::document
