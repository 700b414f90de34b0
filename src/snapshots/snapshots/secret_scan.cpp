#include "snapshots/secret_scan.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <tuple>

#include "document/json.hpp"

namespace berth::snapshots {

struct SecretRules::Rule {
  std::string id;
  std::vector<std::string> keywords;
  std::unique_ptr<RE2> pattern;
  double entropy = 0;
};

namespace {

constexpr std::size_t most_rules = 1'000, most_pattern = 2'000, most_word = 100;
constexpr std::int64_t pattern_memory = 8 << 20;
constexpr std::size_t shown_bytes = 4;

std::unexpected<Error> wrong(std::size_t number, std::string_view what) {
  return fail(Code::InvalidArgument, fmt::format("Rule {} for secrets is wrong: {}.", number, what));
}

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

Result<std::vector<std::string>> read_keywords(const boost::json::value* value, std::size_t number) {
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->empty() || list->size() > most_word) return wrong(number, "it needs 1 to 100 keywords");
  std::vector<std::string> out;
  for (const auto& word : *list) {
    const auto* text = word.if_string();
    if (text == nullptr || text->empty() || text->size() > most_word || small(*text) != *text)
      return wrong(number, "a keyword is text of 1 to 100 small letters and signs");
    out.emplace_back(*text);
  }
  return out;
}

std::unique_ptr<RE2> compile(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(RE2::Options::EncodingLatin1);  // bytes: output is not always text
  options.set_max_mem(pattern_memory);
  return std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

}  // namespace

Result<SecretRules> SecretRules::parse(std::string_view json) {
  TRY_ASSIGN(const auto value, document::parse(json, {}, "list of rules"));
  const auto* list = value.if_array();
  if (list == nullptr || list->size() > most_rules) return fail(Code::InvalidArgument, "The rules for secrets are no list of up to 1000.");
  auto rules = std::make_shared<std::vector<Rule>>();
  for (const auto& item : *list) {
    const std::size_t number = rules->size() + 1;
    const auto* object = item.if_object();
    if (object == nullptr) return wrong(number, "it is no object");
    for (const auto& member : *object)
      if (member.key() != "id" && member.key() != "pattern" && member.key() != "keywords" && member.key() != "entropy")
        return wrong(number, fmt::format("\"{}\" is unknown", std::string_view(member.key())));
    const auto *id = object->if_contains("id"), *pattern = object->if_contains("pattern"), *least = object->if_contains("entropy");
    if (id == nullptr || !id->is_string() || id->get_string().empty() || id->get_string().size() > most_word) return wrong(number, "it has no id");
    if (pattern == nullptr || !pattern->is_string() || pattern->get_string().size() > most_pattern) return wrong(number, "it has no pattern");
    Rule rule{.id = std::string(id->get_string()), .keywords = {}, .pattern = compile(pattern->get_string()), .entropy = 0};
    if (!rule.pattern->ok()) return wrong(number, "its pattern is none: " + rule.pattern->error());
    if (RE2::FullMatch("", *rule.pattern)) return wrong(number, "its pattern matches nothing at all");
    TRY_ASSIGN(rule.keywords, read_keywords(object->if_contains("keywords"), number));
    if (least != nullptr && !least->is_number()) return wrong(number, "its entropy is no number");
    if (least != nullptr) rule.entropy = least->to_number<double>();
    rules->push_back(std::move(rule));
  }
  SecretRules out;
  out.rules_ = std::move(rules);
  return out;
}

std::size_t SecretRules::size() const { return rules_->size(); }

SecretScan::SecretScan(SecretRules rules, std::string part)
    : rules_(std::move(rules)), part_(std::move(part)), seen_(rules_.rules_->size()) {}

void SecretScan::add(std::string_view piece) {
  while (!piece.empty()) {
    const auto taken = piece.substr(0, 2 * window_bytes - window_.size());
    window_ += taken;
    piece.remove_prefix(taken.size());
    if (window_.size() == 2 * window_bytes) look(false);
  }
}

std::vector<Finding> SecretScan::finish() {
  look(true);
  std::ranges::sort(found_, [](const Finding& a, const Finding& b) { return std::tie(a.offset, a.rule) < std::tie(b.offset, b.rule); });
  return std::move(found_);
}

// Looks through the window, and lets go of its first half: what begins in the second one may end behind the window, so it is
// left to the next look.
void SecretScan::look(bool last) {
  const std::size_t until = last ? window_.size() : window_bytes;
  small_ = small(window_);
  for (std::size_t i = 0; i < rules_.rules_->size(); ++i) {
    const auto& rule = (*rules_.rules_)[i];
    if (std::ranges::none_of(rule.keywords, [&](const auto& word) { return small_.contains(word); })) continue;
    const re2::StringPiece text(window_.data(), window_.size());
    re2::StringPiece groups[2];
    const int wanted = std::min(rule.pattern->NumberOfCapturingGroups(), 1) + 1;
    for (std::size_t at = seen_[i] > offset_ ? seen_[i] - offset_ : 0;
         at < until && rule.pattern->Match(text, at, text.size(), RE2::UNANCHORED, groups, wanted);) {
      const auto begin = static_cast<std::size_t>(groups[0].data() - window_.data()), end = begin + groups[0].size();
      if (begin >= until) break;
      at = std::max(end, begin + 1);
      seen_[i] = offset_ + at;
      const auto& secret = wanted == 2 && groups[1].data() != nullptr ? groups[1] : groups[0];
      if (rule.entropy > 0 && entropy({secret.data(), secret.size()}) < rule.entropy) continue;
      keep(rule.id, static_cast<std::size_t>(secret.data() - window_.data()), secret.size());
    }
  }
  line_ += static_cast<std::uint64_t>(std::count(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(until), '\n'));
  offset_ += until;
  window_.erase(0, until);
}

void SecretScan::keep(std::string_view rule, std::size_t at, std::size_t bytes) {
  if (found_.size() == most_findings) {
    more_ = true;
    return;
  }
  const auto lines = std::count(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  std::string shown;
  for (const char c : std::string_view(window_).substr(at, std::min(shown_bytes, bytes / 4))) shown += c > 0x20 && c < 0x7F ? c : '?';
  found_.push_back({.rule = std::string(rule), .part = part_, .offset = offset_ + at, .bytes = bytes,
                    .line = line_ + static_cast<std::uint64_t>(lines), .shown = shown + "…"});
}

void mask(std::string& piece, std::uint64_t offset, const std::vector<Finding>& findings) {
  for (const auto& finding : findings) {
    const std::uint64_t begin = std::max(finding.offset, offset), end = std::min(finding.offset + finding.bytes, offset + piece.size());
    if (begin < end) std::fill_n(piece.begin() + static_cast<std::ptrdiff_t>(begin - offset), end - begin, '*');
  }
}

double entropy(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double out = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    out -= share * std::log2(share);
  }
  return out;
}

}  // namespace berth::snapshots
