// What sessions cost, each figure beside the physical limit of the same disk in the same run: a synced append, SQLite's own
// commit of the same bytes. One JSON line for each: {"name", "unit", "ours": […], "limit": […]}.
//
//   berth-bench-sessions DIRECTORY [ROWS [WHAT…]]: all, or those of sealing, measuring, save, writers, autosave, appending, owners, lists

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "aio/runtime.hpp"
#include "crypto/crypto.hpp"
#include "document/format.hpp"
#include "os/file.hpp"
#include "sessions/sessions.hpp"
#include "sessions/vault.hpp"
#include "store_sqlite/open.hpp"
#include "store_sqlite/sqlite.hpp"

namespace {

using namespace berth;
using sessions::PatchForm;
using store_sqlite::Connection;
using Samples = std::vector<double>;

constexpr int rounds = 60;

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().describe().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

const SystemClock wall;

template <class F>
double millis(F work) {
  const auto began = wall.steady();
  work();
  return std::chrono::duration<double, std::milli>(wall.steady() - began).count();
}

void tell(const char* name, const char* unit, const Samples& ours, const Samples& limit) {
  boost::json::object line{{"name", name}, {"unit", unit}, {"ours", boost::json::array(ours.begin(), ours.end())},
                           {"limit", boost::json::array(limit.begin(), limit.end())}};
  std::printf("%s\n", boost::json::serialize(line).c_str());
  std::fflush(stdout);
}

class Bench {
 public:
  explicit Bench(std::filesystem::path dir) : dir_(std::move(dir)), pool_("bench", 4, 1000) {
    store_ = must(store_sqlite::open({.path = dir_ / "berth.db", .clock = &wall, .readers = 2}));
    sessions_ = std::make_unique<sessions::Sessions>(sessions::Context{
        .store = store_.get(), .clock = &wall, .pool = &pool_, .lanes = &lanes_, .log = {}, .keys = dir_ / "keys",
        .workspace = [](const std::string&) { return store::WorkspaceMark{}; }, .record = {},
        .limits = {.active = 100'000, .stored = 100'000}});
    runtime_.start();
    must(run(sessions_->open()));
    raw_ = std::make_unique<Connection>(open_raw());
    appended_ = must(os::open_append(dir_ / "appended"));
  }
  ~Bench() {
    (void)run(lanes_.stop(std::chrono::seconds{30}));
    store_->close();
    runtime_.stop();
    pool_.join();
  }

  void save() {
    const auto made = create("a");
    std::uint64_t version = 1;
    Samples ours, limit;
    for (int i = 0; i < 3 * rounds; ++i) {
      const std::string text = document(i);
      ours.push_back(must(run(one_save(this, "a", made, version++, &text))));
      limit.push_back(millis([&] {
        (void)parse(text);
        insert_raw(text);
      }));
    }
    tell("save of 1 MiB", "ms", ours, limit);
  }

  // Eight owners, each saving 1 MiB again and again: how long one save takes then, beside one commit of eight times the bytes.
  void writers() {
    constexpr int count = 8, saves = 12;
    std::vector<SessionId> ids;
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) ids.push_back(create("w" + std::to_string(i))), texts.push_back(document(i));
    Samples ours, limit;
    std::vector<std::future<Result<Samples>>> all;
    for (int i = 0; i < count; ++i)
      all.push_back(begin(writer(this, ids[static_cast<std::size_t>(i)], "w" + std::to_string(i), &texts[static_cast<std::size_t>(i)], saves)));
    for (auto& one : all) std::ranges::copy(must(one.get()), std::back_inserter(ours));
    for (int i = 0; i < saves; ++i)
      limit.push_back(millis([&] {
        must(raw_->execute("BEGIN"));
        for (const auto& text : texts) insert_raw(text);
        must(raw_->execute("COMMIT"));
      }));
    tell("save of 1 MiB, 8 writers", "ms", ours, limit);
  }

  void autosave() {
    const auto made = create("b");
    std::uint64_t version = must(run(sessions_->replace(who("b"), made, 1, parse(document(0))))).version;
    Samples ours, limit;
    const std::string block(4096, 'x');
    for (int i = 0; i < 4 * rounds; ++i) {
      ours.push_back(must(run(one_autosave(this, made, version++, "[{\"op\":\"add\",\"path\":\"/n\",\"value\":" + std::to_string(i) + "}]"))));
      limit.push_back(millis([&] {
        must(os::write_all(appended_.get(), block));
        must(os::sync_data(appended_.get()));
      }));
    }
    tell("autosave of one field of 1 MiB", "ms", ours, limit);
  }

  void sealing() {
    const auto vault = must(run(store_->write([dir = dir_](store::Unit& unit) -> Result<std::shared_ptr<const sessions::Vault>> {
      TRY_ASSIGN(auto made, sessions::Vault::open(unit, dir / "keys"));
      return std::shared_ptr<const sessions::Vault>(std::move(made));
    })));
    Samples both, hash;
    const std::string text = document(1);
    for (int i = 0; i < rounds; ++i) {
      both.push_back(millis([&] {
        (void)crypto::sha256_hex(text);
        (void)vault->seal("bench", text);
      }));
      hash.push_back(millis([&] { (void)crypto::sha256_hex(text); }));
    }
    tell("1 MiB sealed and hashed", "ms", both, hash);
  }

  // What a change of one field does with all of the document: its size is that of its canonical form.
  void measuring() {
    const std::string text = document(1);
    const auto value = parse(text);
    Samples canonical, read;
    for (int i = 0; i < rounds; ++i) {
      canonical.push_back(millis([&] { (void)document::canonical(value); }));
      read.push_back(millis([&] { (void)parse(text); }));
    }
    Samples checked;
    for (int i = 0; i < rounds; ++i) checked.push_back(millis([&] { (void)document::check_accepted(value); }));
    tell("1 MiB written in its one form", "ms", canonical, read);
    tell("form of 1 MiB checked", "ms", checked, read);
  }

  // Entries a second from 16 writers at once, beside units of one small row each.
  void appending() {
    const auto made = create("c");
    Samples ours, limit;
    for (int i = 0; i < 5; ++i) {
      ours.push_back(1000e3 / millis([&] {
        together(1000, [&](int n) {
          return sessions_->append(who("c"), made, store::SessionLog::Conversation, std::to_string(i) + "-" + std::to_string(n),
                                   parse(R"({"role":"user","content":"hello there, this is a line of a conversation"})"));
        });
      }));
      limit.push_back(1000e3 / millis([&] {
        together(1000, [&](int n) {
          return store_->write([name = std::to_string(i) + "-" + std::to_string(n)](store::Unit& unit) { return unit.put_setting("bench-" + name, std::string(100, 'x')); });
        });
      }));
    }
    tell("conversation entries, 1,000 at once", "1/s", ours, limit);
  }

  void owners() {
    std::vector<SessionId> ids;
    std::vector<std::uint64_t> versions(16, 1);
    for (int i = 0; i < 16; ++i) ids.push_back(create("o" + std::to_string(i)));
    Samples ours, limit;
    for (int i = 0; i < 20; ++i) {
      ours.push_back(16e3 / millis([&] {
        std::vector<std::future<Result<store::SessionRow>>> all;
        for (std::size_t o = 0; o < 16; ++o)
          all.push_back(begin(sessions_->patch(who("o" + std::to_string(o)), ids[o], versions[o]++, PatchForm::MergePatch,
                                               parse("{\"n\":" + std::to_string(i) + "}"))));
        for (auto& one : all) must(one.get());
      }));
      limit.push_back(16e3 / millis([&] {
        together(16, [&](int n) {
          return store_->write([n, i](store::Unit& unit) {
            return unit.put_setting("owner-" + std::to_string(n), std::to_string(i) + std::string(600, 'x'));
          });
        });
      }));
    }
    tell("saves of 16 owners at once", "1/s", ours, limit);
  }

  void lists(std::int64_t rows) {
    auto direct = must(Connection::open(dir_ / "berth.db", Connection::Mode::ReadWrite, std::chrono::seconds{60}, nullptr));
    must(direct.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
        ") INSERT INTO sessions (id, owner, title, title_key, description, tags, state, damaged, version, head, document_bytes, "
        "hash_version, hash, sandbox, changed_by, client, created, updated) SELECT 'ses_' || printf('%026d', i), 'owner' || (i % 1000), "
        "'Title ' || i, 'title ' || i, '', 'red', i % 2, 0, 1, x'00', 2, 1, '', '', 'socket', '', i, i FROM n"));
    for (const auto order : {store::SessionOrder::Title, store::SessionOrder::Updated}) {
      Samples first, late;
      for (int owner = 0; owner < 20; ++owner) {
        const store::SessionFilter filter{.owner = "owner" + std::to_string(owner), .order = order};
        std::string after;
        for (int page = 1; page <= 500; ++page) {
          sessions::Listed got;
          const double took = millis([&] { got = must(run(sessions_->list(filter, after, 2))); });
          if (page == 1) first.push_back(took);
          if (page == 500 || got.next.empty()) {
            late.push_back(took);
            break;
          }
          after = got.next;
        }
      }
      tell(order == store::SessionOrder::Title ? "list by title, page 500 beside page 1" : "list by time, page 500 beside page 1", "ms", late, first);
    }
  }

 private:
  // As a request does it, on a thread of the runtime: from its text to the durable answer.
  static boost::asio::awaitable<Result<double>> one_save(Bench* bench, std::string owner, SessionId id, std::uint64_t from, const std::string* text) {
    const auto began = wall.steady();
    CO_TRY_ASSIGN(auto value, document::parse(*text, {.bytes = 8 << 20}));
    CO_TRY(co_await bench->sessions_->replace(who(owner), id, from, std::move(value)));
    co_return std::chrono::duration<double, std::milli>(wall.steady() - began).count();
  }
  static boost::asio::awaitable<Result<double>> one_autosave(Bench* bench, SessionId id, std::uint64_t from, std::string text) {
    const auto began = wall.steady();
    CO_TRY_ASSIGN(auto patch, document::parse(text, {}));
    CO_TRY(co_await bench->sessions_->patch(who("b"), id, from, PatchForm::JsonPatch, std::move(patch)));
    co_return std::chrono::duration<double, std::milli>(wall.steady() - began).count();
  }
  static boost::asio::awaitable<Result<Samples>> writer(Bench* bench, SessionId id, std::string owner, const std::string* text, int saves) {
    Samples took;
    for (std::uint64_t version = 1; version <= static_cast<std::uint64_t>(saves); ++version) {
      CO_TRY_ASSIGN(const double one, co_await one_save(bench, owner, id, version, text));
      took.push_back(one);
    }
    co_return took;
  }
  static sessions::Who who(std::string owner) { return {.owner = std::move(owner), .key = "bench", .client = ""}; }
  static document::Value parse(const std::string& text) { return must(document::parse(text, {.bytes = 8 << 20})); }
  // 1 MiB of notes, none like the one before.
  static std::string document(int seed) {
    std::string out = "{\"notes\":[";
    for (int i = 0; out.size() < (1 << 20) - 300; ++i)
      out += std::string(i ? "," : "") + "{\"id\":\"n" + std::to_string(i) + "\",\"text\":\"" + crypto::random_hex(100) + "\"}";
    return out + "],\"seed\":" + std::to_string(seed) + "}";
  }
  SessionId create(const std::string& owner) {
    return must(run(sessions_->create(who(owner), {.title = "bench", .description = {}, .tags = {}, .document = parse("{}"), .sandbox = {}}))).row.id;
  }
  template <class T>
  std::future<T> begin(boost::asio::awaitable<T> work) {
    return boost::asio::co_spawn(runtime_.next().get_executor(), std::move(work), boost::asio::use_future);
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    return begin(std::move(work)).get();
  }
  template <class F>
  void together(int count, F work) {
    std::vector<decltype(begin(work(0)))> all;
    for (int i = 0; i < count; ++i) all.push_back(begin(work(i)));
    for (auto& one : all) must(one.get());
  }
  Connection open_raw() {
    must(os::durable_write(dir_ / "raw.db", ""));
    auto raw = must(Connection::open(dir_ / "raw.db", Connection::Mode::ReadWrite, std::chrono::seconds{5}, nullptr));
    must(raw.execute("PRAGMA journal_mode=WAL; CREATE TABLE blobs (bytes BLOB)"));
    raw = must(Connection::open(dir_ / "raw.db", Connection::Mode::ReadWrite, std::chrono::seconds{5}, nullptr));
    return raw;
  }
  void insert_raw(const std::string& text) {
    static constexpr store_sqlite::Query query{"insert", "INSERT INTO blobs VALUES (?1)"};
    auto statement = must(raw_->prepare(query));
    must(statement.bind(store_sqlite::Blob{text}).run());
  }

  std::filesystem::path dir_;
  aio::Runtime runtime_{2};
  aio::Lanes lanes_{runtime_};
  aio::Pool pool_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sessions::Sessions> sessions_;
  std::unique_ptr<Connection> raw_;
  UniqueFd appended_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "berth-bench-sessions DIRECTORY [ROWS [WHAT…]]\n"), 2;
  const std::vector<std::string_view> wanted(argv + std::min(argc, 3), argv + argc);
  const auto asked = [&](std::string_view name) { return wanted.empty() || std::ranges::find(wanted, name) != wanted.end(); };
  Bench bench(argv[1]);
  if (asked("sealing")) bench.sealing();
  if (asked("measuring")) bench.measuring();
  if (asked("save")) bench.save();
  if (asked("writers")) bench.writers();
  if (asked("autosave")) bench.autosave();
  if (asked("appending")) bench.appending();
  if (asked("owners")) bench.owners();
  if (asked("lists")) bench.lists(argc > 2 ? std::atoll(argv[2]) : 1'000'000);
  return 0;
}
