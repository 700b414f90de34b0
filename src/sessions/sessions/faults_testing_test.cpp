#include "sessions/faults_testing.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace berth::sessions::testing {

namespace fs = std::filesystem;
using faults::Op;

std::uint64_t printed_seed() {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t used = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(used));
  return used;
}

Said run_child(const std::string& name, const fs::path& home, const std::vector<std::string>& more) {
  auto pipe = os::make_pipe();
  EXPECT_TRUE(pipe);
  auto environment = os::own_environment();
  environment.insert(environment.end(), {"LD_PRELOAD=" BERTH_FAULTS_LIBRARY, "BERTH_FAULTS_HOME=" + home.string()});
  environment.insert(environment.end(), more.begin(), more.end());
  auto child = os::Process::spawn({.argv = {"/proc/self/exe", "--gtest_filter=" + name},
                                   .executable = fs::read_symlink("/proc/self/exe"),
                                   .env = environment,
                                   .fds = {{pipe->write.get(), 1}}});
  EXPECT_TRUE(child) << child.error().describe();
  pipe->write.reset();
  std::string all;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto got = os::read_some(pipe->read.get(), buffer);
    if (!got || !*got || **got == 0) break;
    all.append(buffer.data(), **got);
  }
  Said said{.lines = {}, .exit = *child->wait()};
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('@') && !lines.eof()) said.lines.push_back(line.substr(1));
  if (said.exit == Exit(Exited{1})) ADD_FAILURE() << all;
  return said;
}

void say(const std::string& line) { (void)os::write_all(1, "@" + line + "\n"); }

template <class F>
F of_library(const char* name) {
  auto* const found = dlsym(RTLD_DEFAULT, name);
  EXPECT_NE(found, nullptr) << "the interposed library is not there";
  return reinterpret_cast<F>(found);
}
void plan_faults(const char* plan) { of_library<void (*)(const char*)>("berth_faults_plan")(plan); }
long faulty_calls() { return of_library<long (*)()>("berth_faults_calls")(); }

PowerLoss::PowerLoss(const fs::path& record) {
  std::ifstream file(record, std::ios::binary);
  bytes_.assign(std::istreambuf_iterator<char>(file), {});
  const auto take = [this](std::size_t& at, std::size_t size) {
    const std::string_view out = std::string_view(bytes_).substr(at, size);
    at += size;
    return out;
  };
  for (std::size_t at = 0; at + sizeof(faults::Head) <= bytes_.size();) {
    Call call{.at = at};
    std::memcpy(&call.head, take(at, sizeof call.head).data(), sizeof call.head);
    call.name = take(at, call.head.name_bytes);
    call.other = take(at, call.head.other_bytes);
    call.data = take(at, call.head.data_bytes);
    if (at > bytes_.size()) break;  // the last one was not written to its end
    calls_.push_back(std::move(call));
  }
}

void PowerLoss::apply_name(Names& names, const Call& call, const std::shared_ptr<File>& file) const {
  const auto found = names.find(call.name);
  switch (call.head.op) {
    case Op::Create:
    case Op::Directory: names[call.name] = file; break;
    case Op::Link: if (found != names.end()) names[call.other] = found->second; break;
    case Op::Unlink:
    case Op::RemoveDirectory: names.erase(call.name); break;
    case Op::Rename: {
      Names moved;
      for (auto at = names.begin(); at != names.end();) {
        const bool below = at->first.starts_with(call.name + "/");
        if (at->first == call.name || below) moved[call.other + at->first.substr(call.name.size())] = at->second, at = names.erase(at);
        else ++at;
      }
      for (auto& [name, to] : moved) names[name] = to;
      break;
    }
    case Op::Write:
    case Op::Truncate:
    case Op::Sync: break;
  }
}

std::string PowerLoss::content(const File& file, std::size_t call, Unsynced unsynced, std::mt19937_64& random) const {
  std::size_t durable = 0;  // calls before this one are
  for (const std::size_t sync : file.syncs)
    if (sync < call) durable = sync;
  std::string out;
  const auto put = [&out](std::uint64_t offset, std::string_view data) {
    if (out.size() < offset + data.size()) out.resize(offset + data.size(), '\0');
    out.replace(offset, data.size(), data);
  };
  for (const std::size_t index : file.changes) {
    if (index >= call) break;
    const Call& change = calls_[index];
    const bool sure = index < durable || unsynced == Unsynced::All;
    if (!sure && (unsynced == Unsynced::None || random() % 3 == 0)) continue;
    if (change.head.op == Op::Truncate) {
      out.resize(change.head.offset, '\0');
    } else if (sure || random() % 2 == 0) {
      put(change.head.offset, change.data);
    } else {
      constexpr std::size_t sector = 512;
      for (std::size_t at = 0; at < change.data.size(); at += sector)
        if (random() % 2 == 0) put(change.head.offset + at, change.data.substr(at, sector));
    }
  }
  return out;
}

void PowerLoss::make(std::size_t call, Unsynced unsynced, std::mt19937_64& random, const fs::path& to) const {
  const auto parent = [](const std::string& name) { return name.substr(0, name.contains('/') ? name.rfind('/') : 0); };
  // Names: they reach the disk in their order. Those up to the last one whose directory was synced are there.
  std::vector<std::pair<std::size_t, std::shared_ptr<File>>> named;
  std::map<std::uint64_t, std::shared_ptr<File>> open;
  std::size_t sure = 0;
  for (std::size_t i = 0; i < call; ++i) {
    const Call& c = calls_[i];
    switch (c.head.op) {
      case Op::Create: named.emplace_back(i, open[c.head.inode] = std::make_shared<File>()); break;
      case Op::Write:
      case Op::Truncate: if (const auto file = open[c.head.inode]) file->changes.push_back(i); break;
      case Op::Sync:
        if (const auto file = open.find(c.head.inode); file != open.end() && file->second) file->second->syncs.push_back(i);
        for (std::size_t n = 0; n < named.size(); ++n) {
          const Call& name = calls_[named[n].first];
          if (parent(name.head.op == Op::Rename || name.head.op == Op::Link ? name.other : name.name) == c.name) sure = std::max(sure, n + 1);
        }
        break;
      default: named.emplace_back(i, nullptr); break;
    }
  }
  std::size_t kept = named.size();
  if (unsynced == Unsynced::None) kept = sure;
  if (unsynced == Unsynced::Random) kept = sure + random() % (named.size() - sure + 1);
  Names names;
  for (std::size_t n = 0; n < kept; ++n) apply_name(names, calls_[named[n].first], named[n].second);
  (void)os::remove_tree(to);
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const auto& [name, file] : names) {  // a directory comes before what is in it
    if (!file) {
      fs::create_directories(to / name);
      fs::permissions(to / name, fs::perms::owner_all);
    } else if (!name.ends_with("-shm")) {  // shared memory: SQLite makes it anew
      fs::create_directories((to / name).parent_path());
      std::ofstream(to / name, std::ios::binary) << content(*file, call, unsynced, random);
      fs::permissions(to / name, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
}

}  // namespace berth::sessions::testing
