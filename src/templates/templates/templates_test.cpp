#include "templates/templates.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "os/file.hpp"
#include "os/process.hpp"
#include "templates/metadata.hpp"

namespace berth::templates {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const Progress silent = [](std::string_view) {};

class TemplatesTest : public testing::Test {
 protected:
  TemplatesTest() {
    std::string name = (fs::temp_directory_path() / "berth-templates-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    options_ = {.images = home_ / "images", .cache = home_ / "cache"};
  }
  ~TemplatesTest() override { (void)os::remove_tree(home_); }

  Templates must_open() {
    auto opened = Templates::open(options_);
    EXPECT_TRUE(opened) << opened.error().describe();
    return *std::move(opened);
  }
  Template must_build(const Templates& templates, const std::string& name, Rebuild rebuild = Rebuild::No) {
    auto built = templates.build(name, silent, rebuild);
    EXPECT_TRUE(built) << built.error().describe();
    return built ? *built : Template{};
  }
  std::vector<std::string> entries(const fs::path& dir) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir)) {
      if (!entry.path().filename().string().starts_with(".lock-")) names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path home_;
  Options options_;
};

TEST_F(TemplatesTest, AnImagesDirectoryThatCannotBeUsedIsSaid) {
  std::ofstream(options_.images) << "a file";
  auto opened = Templates::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("directory of templates cannot be used"));
  EXPECT_FALSE(opened.error().hint.empty());
}

TEST_F(TemplatesTest, AnUnknownNameIsNotFound) {
  const auto templates = must_open();
  for (const auto* name : {"", "ubuntu", "../busybox", "busybox/"}) {
    EXPECT_EQ(templates.build(name, silent).error().code, Code::NotFound) << name;
    EXPECT_EQ(templates.find(name).error().code, Code::NotFound) << name;
    EXPECT_EQ(templates.remove(name, {}).error().code, Code::NotFound) << name;
  }
}

TEST_F(TemplatesTest, WithoutBusyboxTheBuildSaysWhatToInstallAndLeavesNothing) {
  options_.busybox = home_ / "absent";
  const auto templates = must_open();
  auto built = templates.build("busybox", silent);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::FailedPrecondition);
  EXPECT_THAT(built.error().hint, HasSubstr("busybox-static"));
  EXPECT_THAT(entries(options_.images), testing::ElementsAre("names"));
}

TEST_F(TemplatesTest, BusyboxIsARootWithAUser) {
  const auto templates = must_open();
  EXPECT_EQ(templates.find("busybox").error().code, Code::NotFound);
  const auto built = must_build(templates, "busybox");
  EXPECT_EQ(built.digest.size(), 64u);
  EXPECT_GT(built.size_bytes, 500'000u);
  EXPECT_EQ(built.root, options_.images / built.digest / "rootfs");
  EXPECT_TRUE(fs::is_symlink(built.root / "bin/sh"));
  EXPECT_EQ(os::stat_path(built.root / "home/user")->st_uid, 1000u);
  EXPECT_EQ(os::stat_path(built.root / "workspace")->st_uid, 1000u);
  EXPECT_EQ(os::stat_path(built.root / "tmp")->st_mode & 07777, 01777u);
  EXPECT_THAT(os::read_file(built.root / "etc/passwd", 4096).value_or(""), HasSubstr("\nuser:x:1000:1000:user:"));

  auto ran = os::run({"chroot", built.root.string(), "/bin/sh", "-c", "echo $((2 + 2)); ls /bin/busybox"});
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->out, "4\n/bin/busybox\n") << ran->err;
}

TEST_F(TemplatesTest, ASecondBuildCostsNothingAndAnotherHomeGetsTheSameDigest) {
  const auto templates = must_open();
  const auto first = must_build(templates, "busybox");
  const auto second = must_build(templates, "busybox");
  EXPECT_EQ(first.built, second.built);
  const auto rebuilt = must_build(templates, "busybox", Rebuild::Yes);
  EXPECT_EQ(rebuilt.digest, first.digest);
  EXPECT_EQ(templates.find("busybox")->built, first.built) << "the same content stays in place";

  options_.images = home_ / "other";
  EXPECT_EQ(must_build(must_open(), "busybox").digest, first.digest);
}

TEST_F(TemplatesTest, ListShowsEveryRecipe) {
  const auto templates = must_open();
  const auto built = must_build(templates, "busybox");
  auto list = templates.list();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].name, "busybox");
  EXPECT_EQ((*list)[0].digest, built.digest);
  EXPECT_EQ((*list)[1].name, "debian");
  EXPECT_FALSE((*list)[1].ready());
  EXPECT_FALSE((*list)[1].description.empty());
}

TEST_F(TemplatesTest, OneBuildsAndOthersWait) {
  const auto templates = must_open();
  std::vector<std::thread> threads;
  std::vector<Template> built(6);
  std::atomic<int> builds = 0;
  for (auto& one : built) {
    threads.emplace_back([&] {
      auto result = templates.build("busybox", [&](std::string_view) { ++builds; });
      if (result) one = *result;
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& one : built) EXPECT_EQ(one.digest, built[0].digest);
  EXPECT_TRUE(built[0].ready());
  EXPECT_EQ(builds, 1) << "one line of progress, of the one build";
  EXPECT_THAT(entries(options_.images), testing::ElementsAre(built[0].digest, "names"));
}

TEST_F(TemplatesTest, RemoveRefusesWhatIsInUse) {
  const auto templates = must_open();
  const auto built = must_build(templates, "busybox");
  EXPECT_EQ(templates.remove("busybox", {built.digest}).error().code, Code::FailedPrecondition);
  EXPECT_TRUE(templates.find("busybox"));
  ASSERT_TRUE(templates.remove("busybox", {"another"}));
  EXPECT_EQ(templates.find("busybox").error().code, Code::NotFound);
  EXPECT_EQ(templates.remove("busybox", {}).error().code, Code::NotFound);
  EXPECT_THAT(entries(options_.images), testing::ElementsAre("names"));
  EXPECT_EQ(must_build(templates, "busybox").digest, built.digest);
}

TEST_F(TemplatesTest, ADamagedTemplateIsBuiltAgain) {
  const auto templates = must_open();
  const auto built = must_build(templates, "busybox");
  for (const auto* text : {"", "{", "[]", "{\"version\":9}"}) {
    std::ofstream(options_.images / built.digest / "template.json") << text;
    EXPECT_EQ(templates.find("busybox").error().code, Code::NotFound) << text;
    EXPECT_EQ(must_build(templates, "busybox").digest, built.digest);
    EXPECT_TRUE(templates.find("busybox")) << text;
  }
  std::ofstream(options_.images / "names/busybox") << "../../../etc\n";
  EXPECT_EQ(templates.find("busybox").error().code, Code::NotFound);
}

TEST_F(TemplatesTest, CollectRemovesWhatNobodyMeans) {
  const auto templates = must_open();
  const auto built = must_build(templates, "busybox");
  const std::string used(64, 'a'), unused(64, 'b');
  for (const auto& name : {used, unused, std::string("building-debian"), std::string("keep-me")}) {
    fs::create_directories(options_.images / name / "rootfs");
  }
  ASSERT_TRUE(templates.collect({used}));
  auto expected = std::vector{used, built.digest, std::string("keep-me"), std::string("names")};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(entries(options_.images), expected);
}

TEST_F(TemplatesTest, ADebianBuildThatCannotBeMadeSaysWhyAndLeavesNothing) {
  options_.mirror = "http://127.0.0.1:1/debian";
  const auto templates = must_open();
  std::vector<std::string> lines;
  auto built = templates.build("debian", [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::FailedPrecondition) << built.error().describe();
  EXPECT_FALSE(lines.empty());
  EXPECT_THAT(entries(options_.images), testing::ElementsAre("names"));
}

// The archive in the cache is all that a home needs after the first: no network, no mmdebstrap.
TEST_F(TemplatesTest, DebianIsBuiltFromTheCache) {
  options_.cache = Options{}.cache;  // shared between runs: the first one downloads
  const bool cached = fs::exists(options_.cache) && !fs::is_empty(options_.cache);
  const auto templates = must_open();
  std::vector<std::string> lines;
  auto built = templates.build("debian", [&](std::string_view line) { lines.emplace_back(line); });
  ASSERT_TRUE(built) << built.error().describe();
  ASSERT_FALSE(lines.empty());
  if (cached) EXPECT_THAT(lines, testing::ElementsAre(HasSubstr("unpacking debian-")));
  if (!cached) EXPECT_THAT(lines.back(), HasSubstr("keeping debian-"));

  EXPECT_GT(built->size_bytes, 50'000'000u);
  EXPECT_TRUE(fs::is_empty(built->root / "dev"));
  EXPECT_EQ(os::stat_path(built->root / "home/user/.bashrc")->st_uid, 1000u);
  auto ran = os::run({"chroot", "--userspec=1000:1000", built->root.string(), "/bin/bash", "-c",
                      "python3 -c 'print(6 * 7)' && id -un && cat /etc/default/locale && type git curl ps"});
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->out, "42\nuser\nLANG=C.UTF-8\ngit is /usr/bin/git\ncurl is /usr/bin/curl\nps is /usr/bin/ps\n")
      << ran->err;
}

TEST(Metadata, GoesThereAndBack) {
  const Template item{.name = "busybox",
                      .digest = std::string(64, 'c'),
                      .description = "a \"small\" one",
                      .size_bytes = 7,
                      .built = WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789))};
  const auto back = read_metadata(write_metadata(item));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->digest, item.digest);
  EXPECT_EQ(back->description, item.description);
  EXPECT_EQ(back->built, item.built);
}

}  // namespace
}  // namespace berth::templates
