#include "log/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

#include "log/render.hpp"
#include "log/rotating_file.hpp"

namespace berth::log {
namespace {

constexpr std::array<std::string_view, 4> level_names = {"debug", "info", "warning", "error"};
constexpr std::array spdlog_levels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                      spdlog::level::err};
std::atomic<std::uint64_t> unknown_levels{0};

class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(RotatingFile file) : file_(std::move(file)) {}
  std::uint64_t rotations() {
    const std::lock_guard lock(mutex_);
    return file_.rotations();
  }

 private:
  // An exception of ours ends in spdlog's error handler, which counts it.
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (auto done = file_.append({message.payload.data(), message.payload.size()}); !done)
      throw spdlog::spdlog_ex(done.error().message);
  }
  void flush_() override {
    if (auto done = file_.sync(); !done) throw spdlog::spdlog_ex(done.error().message);
  }
  RotatingFile file_;
};

}  // namespace

std::string_view to_string(Level level) { return level_names.at(static_cast<std::size_t>(level)); }

Level parse_level(std::string_view text) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == text) return static_cast<Level>(i);
  ++unknown_levels;
  return Level::Info;
}

class Core {
 public:
  struct Output {
    Format format;
    spdlog::logger logger;
  };

  explicit Core(const Options& options) : level_(options.level), clock_(options.clock) {}

  void add(Format format, spdlog::sink_ptr sink) {
    auto& output = *outputs_.emplace_back(std::make_unique<Output>(Output{format, {"berth", std::move(sink)}}));
    output.logger.set_level(spdlog::level::trace);  // Logger::enabled() decides
    output.logger.flush_on(spdlog::level::err);
    output.logger.set_pattern("%v");
    output.logger.set_error_handler([this](const std::string&) { ++failed_; });
  }

  [[nodiscard]] WallTime now() const { return clock_ ? clock_->now() : SystemClock{}.now(); }

  const Level level_;
  const Clock* const clock_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::shared_ptr<FileSink> file_;
  std::atomic<std::uint64_t> records_{0}, failed_{0};
};

Result<Logger> Logger::open(Options options) {
  Logger logger;
  logger.core_ = std::make_shared<Core>(options);
  if (options.to_stderr) logger.core_->add(options.stderr_format, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (!options.file.empty()) {
    TRY_ASSIGN(auto file, RotatingFile::open(options.file, options.file_bytes, options.total_bytes));
    logger.core_->file_ = std::make_shared<FileSink>(std::move(file));
    logger.core_->add(Format::Json, logger.core_->file_);
  }
  return logger;
}

Logger Logger::with(Fields fields) const {
  Logger child = *this;
  if (!core_) return child;
  append_json_fields(child.json_context_, fields);
  append_text_fields(child.text_context_, fields);
  return child;
}

Logger Logger::with_request(std::string_view request_id) const { return with({{"request_id", request_id}}); }

bool Logger::enabled(Level level) const { return core_ && level >= core_->level_; }

void Logger::write(Level level, std::string_view message, Fields fields) const {
  if (!enabled(level)) return;
  const WallTime now = core_->now();
  ++core_->records_;
  for (auto& output : core_->outputs_) {
    const std::string line = output->format == Format::Json ? render_json(now, level, message, json_context_, fields)
                                                            : render_text(now, level, message, text_context_, fields);
    output->logger.log(spdlog_levels.at(static_cast<std::size_t>(level)), spdlog::string_view_t(line));
  }
}

void Logger::flush() const {
  if (!core_) return;
  for (auto& output : core_->outputs_) output->logger.flush();
}

Statistics Logger::statistics() const {
  if (!core_) return {.unknown_levels = unknown_levels};
  return {.records = core_->records_,
          .failed = core_->failed_,
          .rotations = core_->file_ ? core_->file_->rotations() : 0,
          .unknown_levels = unknown_levels};
}

}  // namespace berth::log
