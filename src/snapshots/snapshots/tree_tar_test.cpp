#include "snapshots/tree_tar.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "os/file.hpp"
#include "os/process.hpp"
#include "os/scratch_dir.hpp"

namespace berth::snapshots {
namespace {

namespace fs = std::filesystem;

class Tree : public testing::Test {
 protected:
  void file(const fs::path& name, const std::string& bytes) {
    fs::create_directories((tree_ / name).parent_path());
    ASSERT_TRUE(os::durable_write(tree_ / name, bytes, 0640));
  }
  std::string archive(const std::function<void()>& meanwhile = {}) {
    auto tar = TreeTar::open(tree_);
    EXPECT_TRUE(tar) << tar.error().describe();
    std::string out;
    for (;;) {
      const auto piece = tar->next();
      EXPECT_TRUE(piece) << piece.error().describe();
      if (!piece || !*piece) break;
      out += **piece;
      if (meanwhile) meanwhile();
    }
    skipped_ = tar->skipped();
    return out;
  }
  // What the system's tar makes of it.
  std::map<std::string, std::string> unpacked(const std::string& bytes) {
    const fs::path out = home_ / "out";
    fs::create_directories(out);
    EXPECT_TRUE(os::durable_write(home_ / "tar", bytes));
    const auto ran = os::run(std::vector<std::string>{"tar", "-xf", (home_ / "tar").string(), "-C", out.string()});
    EXPECT_TRUE(ran && ran->exit == Exit(Exited{0})) << (ran ? ran->err : ran.error().describe());
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      const std::string name = entry.path().lexically_relative(out);  // whatever a link leads to
      if (entry.is_symlink()) files[name] = "-> " + fs::read_symlink(entry.path()).string();
      else if (entry.is_regular_file()) files[name] = *os::read_file(entry.path(), 1 << 24);
      else files[name] = "/";
    }
    return files;
  }

  os::ScratchDir home_;
  fs::path tree_ = home_ / "tree";
  std::vector<std::string> skipped_;
};

TEST_F(Tree, IsWhatTheSystemsTarUnpacks) {
  const std::string deep = std::string(90, 'd') + "/" + std::string(200, 'e') + "/file";
  file("empty", "");
  file("a/exact", std::string(512, 'x'));
  file("a/large", std::string(200'001, 'l'));
  file(deep, "deep");
  fs::create_directories(tree_ / "b");
  fs::create_symlink("/etc/passwd", tree_ / "link");
  fs::create_symlink(std::string(300, 't'), tree_ / "long link");
  ASSERT_EQ(mkfifo((tree_ / "pipe").c_str(), 0600), 0);
  const auto files = unpacked(archive());
  EXPECT_EQ(files.at("empty"), "");
  EXPECT_EQ(files.at("a/exact"), std::string(512, 'x'));
  EXPECT_EQ(files.at("a/large"), std::string(200'001, 'l'));
  EXPECT_EQ(files.at(deep), "deep");
  EXPECT_EQ(files.at("b"), "/");
  EXPECT_EQ(files.at("link"), "-> /etc/passwd");
  EXPECT_EQ(files.at("long link"), "-> " + std::string(300, 't'));
  EXPECT_FALSE(files.contains("pipe"));
  EXPECT_EQ(skipped_, std::vector<std::string>{"pipe: no file"});
  EXPECT_EQ(fs::status(home_ / "out/a/exact").permissions() & fs::perms::all, fs::perms(0640));
}

TEST_F(Tree, WhatChangesMeanwhileLeadsNowhereElse) {
  file("a/one", "1");
  file("b/one", std::string(300'000, '1'));
  file("c/one", "1");
  ASSERT_TRUE(os::durable_write(home_ / "outside", "secret"));
  fs::create_directories(home_ / "elsewhere");
  ASSERT_TRUE(os::durable_write(home_ / "elsewhere/one", "secret"));
  bool done = false;
  const auto bytes = archive([&] {
    if (std::exchange(done, true)) return;
    fs::remove_all(tree_ / "c");
    fs::create_symlink(home_ / "elsewhere", tree_ / "c");
    fs::remove(tree_ / "a/one");
    fs::create_symlink(home_ / "outside", tree_ / "a/one");
    fs::resize_file(tree_ / "b/one", 10);
  });
  EXPECT_EQ(bytes.find("secret"), std::string::npos);
  const auto files = unpacked(bytes);
  EXPECT_EQ(files.at("c"), "-> " + (home_ / "elsewhere").string());
}

TEST_F(Tree, AFileThatShrinksKeepsTheSizeThatWasSaid) {
  file("one", std::string(300'000, '1'));
  int pieces = 0;
  const auto bytes = archive([&] {
    if (++pieces == 2) fs::resize_file(tree_ / "one", 70'000);
  });
  const auto one = unpacked(bytes).at("one");
  EXPECT_EQ(one.size(), 300'000u);
  EXPECT_EQ(one.back(), '\0');
}

TEST_F(Tree, NoneIsAnError) { EXPECT_EQ(TreeTar::open(home_ / "none").error().code, Code::NotFound); }

}  // namespace
}  // namespace berth::snapshots
