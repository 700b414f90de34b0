#include "config/file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <set>
#include <sstream>

namespace berth::config {
namespace {

struct Stop {
  Problem problem;
};  // thrown by the handler through yaml-cpp, caught in read_yaml

// Mappings on the stack join their keys with dots; a list collects its items.
class Flatten final : public YAML::EventHandler {
 public:
  explicit Flatten(const std::string& name) : name_(name) {}
  std::vector<Entry> take() { return std::move(entries_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) stop(mark, "one document, not several");
  }
  void OnDocumentEnd() override {}

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { stop(mark, "no aliases (*name)"); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (levels_.empty()) return;  // an empty file
    if (wants_key()) stop(mark, "a key");
    if (levels_.back().kind == Level::List) stop(mark, "an item, not nothing");
    add({.kind = Raw::Kind::Nothing});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (levels_.empty()) stop(mark, "keys and values");
    count(mark);
    if (levels_.back().kind == Level::List)
      levels_.back().items.push_back(value);
    else if (wants_key())
      take_key(mark, value);
    else
      add({.text = value});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (levels_.empty()) stop(mark, "keys and values, not a list");
    if (wants_key()) stop(mark, "a key, not a list");
    push(mark, Level::List);
  }
  void OnSequenceEnd() override {
    const Level level = pop();
    if (levels_.back().kind == Level::List) stop(level.mark, "an item, not a list");
    add({.kind = Raw::Kind::List, .items = level.items});
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (!levels_.empty() && wants_key()) stop(mark, "a key, not a mapping");
    if (!levels_.empty() && levels_.back().kind == Level::List) stop(mark, "an item, not a mapping");
    push(mark, Level::Map);
  }
  void OnMapEnd() override {
    const Level level = pop();
    if (levels_.empty()) return;
    if (level.seen == 0)
      add({.kind = Raw::Kind::Nothing});
    else
      levels_.back().key.reset();
  }

 private:
  struct Level {
    enum Kind { Map, List } kind;
    YAML::Mark mark;
    std::size_t seen = 0;            // keys and values, or items
    std::optional<std::string> key;  // of the value that comes next
    int key_line = 0;
    std::vector<std::string> items;
  };

  [[noreturn]] void stop(const YAML::Mark& mark, std::string expected, Code code = Code::InvalidArgument) const {
    throw Stop{{.where = fmt::format("{}:{}", name_, mark.line + 1),
                .key = path(),
                .expected = std::move(expected),
                .code = code}};
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != 0) stop(mark, "no anchors (&name)");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") stop(mark, "no tags (!name)");
  }
  [[nodiscard]] bool wants_key() const { return levels_.back().kind == Level::Map && !levels_.back().key; }

  void push(const YAML::Mark& mark, Level::Kind kind) {
    if (levels_.size() >= max_depth) stop(mark, fmt::format("at most {} levels", max_depth), Code::TooLarge);
    if (!levels_.empty()) count(mark);
    levels_.push_back({.kind = kind, .mark = mark});
  }
  Level pop() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return level;
  }
  void count(const YAML::Mark& mark) {
    Level& level = levels_.back();
    const std::size_t most = level.kind == Level::Map ? 2 * max_keys : max_keys;
    if (++level.seen > most) stop(mark, fmt::format("at most {} keys or items", max_keys), Code::TooLarge);
  }
  void take_key(const YAML::Mark& mark, const std::string& key) {
    if (key.empty() || key.size() > 64 || !is_clean_text(key)) stop(mark, "a key of 1 to 64 characters");
    levels_.back().key = key;
    levels_.back().key_line = mark.line + 1;
    if (!paths_.insert(path()).second) stop(mark, "every key once");
  }
  [[nodiscard]] std::string path() const {
    std::string out;
    for (const Level& level : levels_)
      if (level.key) out += (out.empty() ? "" : ".") + *level.key;
    return out;
  }
  void add(Raw value) {
    entries_.push_back({.key = path(), .line = levels_.back().key_line, .value = std::move(value)});
    levels_.back().key.reset();
  }

  const std::string& name_;
  int documents_ = 0;
  std::vector<Level> levels_;
  std::set<std::string> paths_;
  std::vector<Entry> entries_;
};

}  // namespace

std::expected<std::vector<Entry>, Problem> read_yaml(const std::string& text, const std::string& name) {
  if (text.size() > max_file_bytes)
    return std::unexpected(Problem{.where = name,
                                   .expected = fmt::format("a file of at most {}", bytes_text(max_file_bytes)),
                                   .code = Code::TooLarge});
  Flatten flatten(name);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(flatten)) {}
  } catch (Stop& stop) { return std::unexpected(std::move(stop.problem)); } catch (const YAML::Exception& e) {
    return std::unexpected(Problem{.where = fmt::format("{}:{}", name, e.mark.is_null() ? 1 : e.mark.line + 1),
                                   .expected = "YAML: " + e.msg});
  }
  return flatten.take();
}

}  // namespace berth::config
