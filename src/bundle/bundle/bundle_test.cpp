#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "bundle/bundle_testing.hpp"
#include "bundle/known_signers.hpp"
#include "os/process.hpp"

namespace berth::bundle {
namespace {

using namespace testing;

const Contents three{{"document.json", "{}"}, {"logs/usage.jsonl", ""}, {"terminals/trm_1/output", std::string(3000, 'o')}};

class Bundle : public ::testing::Test {
 protected:
  std::string refusal(std::string_view bytes, Code code = Code::Damaged, const Limits& limits = {}) {
    const auto read = unpack(file_, bytes, limits);
    if (read) return "read";
    EXPECT_EQ(read.error().code, code) << read.error().describe();
    return read.error().message;
  }
  std::string well_made() {
    auto made = pack(file_, three);
    EXPECT_TRUE(made) << made.error().describe();
    return made ? *made : "";
  }
  File file_;
};

TEST_F(Bundle, ComesBackAsItWas) {
  const auto back = unpack(file_, well_made());
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->contents, three);
  EXPECT_EQ(encode(back->manifest), encode(manifest_of(three, some_key())));
  const auto none = pack(file_, {});
  ASSERT_TRUE(none);
  EXPECT_TRUE(unpack(file_, *none)) << "a bundle without parts is one";
}

std::uint64_t seed() {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t out = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(out));
  return out;
}

TEST_F(Bundle, AnyPartsInAnyPiecesComeBack) {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 60; ++round) {
    Contents contents;
    for (std::uint64_t i = random() % 6; i > 0; --i) {
      std::string bytes(random() % 4 == 0 ? random() % 400'000 : random() % 1025, 'x');
      if (random() % 2 == 0)
        for (char& c : bytes) c = static_cast<char>(random());
      contents.emplace_back("p" + std::to_string(i) + "/part", std::move(bytes));
    }
    const auto made = pack(file_, contents, some_key(), 1 + random() % 100'000);
    ASSERT_TRUE(made) << made.error().describe();
    const auto back = unpack(file_, *made);
    ASSERT_TRUE(back) << "round " << round << ": " << back.error().describe();
    ASSERT_EQ(back->contents, contents) << "round " << round;
  }
}

TEST_F(Bundle, IsAnArchiveThatTarReads) {
  const std::string bytes = well_made();
  const auto fd = file_.holding(bytes);
  const auto listed = os::run(std::vector<std::string>{"tar", "--zstd", "-tvf", file_.path().string()});
  ASSERT_TRUE(listed) << listed.error().describe();
  EXPECT_NE(listed->out.find("parts/terminals/trm_1/output"), std::string::npos) << listed->out << listed->err;
  EXPECT_NE(listed->out.find("manifest.json"), std::string::npos);
}

TEST_F(Bundle, TruncatedAnywhereItIsRefused) {
  const std::string bytes = well_made();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = unpack(file_, bytes.substr(0, size));
    ASSERT_FALSE(read) << size << " of " << bytes.size() << " bytes were enough";
    ASSERT_EQ(read.error().code, Code::Damaged) << size << ": " << read.error().describe();
  }
  EXPECT_EQ(refusal(bytes + "x"), "The bundle is damaged or incomplete.");
  EXPECT_EQ(refusal(bytes + bytes), "The bundle is damaged or incomplete.");
}

TEST_F(Bundle, AFlippedBitIsNoticedOrChangesNothing) {
  const std::string bytes = well_made();
  constexpr std::size_t step = 5;  // an odd share of all: which one, the seed says
  for (std::size_t bit = seed() % step; bit < bytes.size() * 8; bit += step) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    const auto read = unpack(file_, changed);
    if (!read) continue;  // what zstd's own header does not use changes nothing
    ASSERT_EQ(read->contents, three) << "bit " << bit;
    ASSERT_EQ(encode(read->manifest), encode(manifest_of(three, some_key()))) << "bit " << bit;
  }
}

TEST_F(Bundle, WithAChangedTarInAGoodFrameItIsRefused) {
  const Manifest manifest = manifest_of(three, some_key());
  std::string tar = head_of(manifest);
  for (const auto& [name, content] : three) tar += member(manifest, "parts/" + name, content);
  tar += tar_end;
  ASSERT_TRUE(unpack(file_, packed(file_, tar))) << "unchanged it is well made";
  std::mt19937_64 random(seed());
  constexpr std::size_t step = 13;
  for (std::size_t at = random() % step; at < tar.size(); at += step) {
    std::string changed = tar;
    changed[at] = static_cast<char>(changed[at] ^ 1 << random() % 8);
    ASSERT_FALSE(unpack(file_, packed(file_, changed))) << "byte " << at << " was changed and nobody noticed";
  }
}

TEST_F(Bundle, ItsSignatureIsOfTheKeyThatItNames) {
  Manifest manifest = manifest_of({}, some_key());
  const std::string text = encode(manifest), good = hex_of(some_key().sign(signature_context, text)) + "\n";
  const auto with = [&](const std::string& signature_member) {
    return refusal(packed(file_, member(manifest, manifest_name, text) + signature_member + tar_end));
  };
  EXPECT_EQ(with(member(manifest, signature_name, good)), "read");
  EXPECT_EQ(with(""), "The member \"manifest.sig\" of the bundle is missing, or not as the manifest says.") << "stripped";
  EXPECT_EQ(with(member(manifest, signature_name, "")), "The member \"manifest.sig\" of the bundle is missing, or not as the manifest says.");
  EXPECT_EQ(with(member(manifest, signature_name, std::string(128, '0') + "\n")), "The bundle's signature is wrong.");
  EXPECT_EQ(with(member(manifest, signature_name, std::string(128, 'G') + "\n")), "The bundle's signature is wrong.");
  EXPECT_EQ(with(member(manifest, signature_name, hex_of(some_key('x').sign(signature_context, text)) + "\n")),
            "The bundle's signature is wrong.");
  EXPECT_EQ(with(member(manifest, signature_name, hex_of(some_key().sign("another purpose", text)) + "\n")),
            "The bundle's signature is wrong.");
  manifest.signer.key = std::string(64, '0');
  EXPECT_EQ(refusal(packed(file_, head_of(manifest) + tar_end)), "The bundle's signature is wrong.") << "a key that is no point";
}

TEST_F(Bundle, MissingAdditionalAndDoubledPartsAreRefused) {
  const Manifest manifest = manifest_of({{"a", "1"}, {"b", "2"}}, some_key());
  const std::string head = head_of(manifest), a = member(manifest, "parts/a", "1"), b = member(manifest, "parts/b", "2");
  EXPECT_EQ(refusal(packed(file_, head + a + b + tar_end)), "read");
  EXPECT_EQ(refusal(packed(file_, head + a + tar_end)), "The member \"parts/b\" of the bundle is missing, or not as the manifest says.");
  EXPECT_EQ(refusal(packed(file_, head + b + a + tar_end)), "The bundle has another member where \"parts/a\" must be.");
  EXPECT_EQ(refusal(packed(file_, head + a + a + b + tar_end)), "The bundle has another member where \"parts/b\" must be.");
  EXPECT_EQ(refusal(packed(file_, head + a + b + member(manifest, "parts/c", "3") + tar_end)), "The bundle has bytes between its members.");
  EXPECT_EQ(refusal(packed(file_, head + a + b + tar_end + tar_end)), "The bundle is damaged or incomplete.");
  EXPECT_EQ(refusal(packed(file_, head + a + member(manifest, "parts/b", "3") + tar_end)), "The part \"b\" is not what its hash says.");
}

TEST_F(Bundle, NothingInItLeadsOutside) {
  for (const char* name : {"../a", "/a", "a/../b", "a//b", "a/", "", ".", "..", "a/.", ".hidden", "a\\b", "A", "a b", "a\nb"}) {
    EXPECT_FALSE(is_part_name(name)) << name;
    const auto refused = pack(file_, {{name, "1"}});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    const Manifest manifest = manifest_of({{name, "1"}}, some_key());
    EXPECT_EQ(refusal(packed(file_, head_of(manifest) + tar_end), Code::InvalidArgument),
              "The bundle's manifest is wrong: a part's name is not allowed.") << name;
  }
  EXPECT_FALSE(is_part_name(std::string("a\0b", 3)));
  EXPECT_FALSE(is_part_name(std::string(91, 'a')));
  const Manifest manifest = manifest_of({{"a", ""}}, some_key());
  for (const char type : {'1', '2', '3', '5', '6', 'x', 'L'}) {
    std::string header = tar_header("parts/a", 0, manifest.made);
    const int before = header[156];
    header[156] = type;
    const std::string target = "/etc/passwd";
    header.replace(157, target.size(), target);
    int sum = type - before;
    for (const char c : target) sum += static_cast<unsigned char>(c);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", static_cast<unsigned>(std::stoi(header.substr(148, 6), nullptr, 8) + sum));
    header.replace(148, 6, digits);
    ASSERT_TRUE(read_tar_header(header)) << "a good header of another type";
    EXPECT_EQ(refusal(packed(file_, head_of(manifest) + header + tar_end)),
              "The member \"parts/a\" of the bundle is missing, or not as the manifest says.") << type;
  }
}

TEST_F(Bundle, BombsAndSizesAreLimited) {
  const Contents zeros{{"a", std::string(4 << 20, '\0')}, {"b", std::string(4 << 20, '\0')}};
  const auto bytes = pack(file_, zeros, some_key(), 1 << 20);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(refusal(*bytes), "read");
  EXPECT_EQ(refusal(*bytes, Code::TooLarge, {.ratio = 100, .ratio_from = 1 << 20}), "The bundle unpacks to more than 100 times its size.");
  EXPECT_EQ(refusal(*bytes, Code::TooLarge, {.bytes = 7 << 20}), "The bundle's parts are larger than 7340032 bytes together.");
  EXPECT_EQ(refusal(*bytes, Code::TooLarge, {.parts = 1}), "The bundle has 2 parts; the limit is 1.");
  EXPECT_EQ(refusal(well_made(), Code::TooLarge, {.manifest_bytes = 100}).substr(0, 17), "The manifest has ");
  Manifest huge = manifest_of({{"a", ""}, {"b", ""}}, some_key());
  for (auto& part : huge.parts) part.bytes = 1ull << 52;
  EXPECT_EQ(refusal(packed(file_, head_of(huge) + tar_end), Code::TooLarge, {.bytes = (1ull << 52) + 1}),
            "The bundle's parts are larger than 4503599627370497 bytes together.");
}

TEST_F(Bundle, WhatIsNoneIsSaidToBeNone) {
  EXPECT_EQ(refusal(""), "The bundle is damaged or incomplete.");
  EXPECT_EQ(refusal("PK\3\4 another archive"), "The bundle is damaged or incomplete.");
  EXPECT_EQ(refusal(packed(file_, std::string(2048, '\0')), Code::InvalidArgument), "This is no bundle: it does not begin with a manifest.");
  Manifest manifest = manifest_of({}, some_key());
  const auto with = [&](const std::string& text, Code code) {
    return refusal(packed(file_, member(manifest, manifest_name, text) + tar_end), code);
  };
  EXPECT_EQ(with(R"({"form":"berth bundle","version":2})", Code::Unsupported), "The bundle is of version 2; this Berth knows 1.");
  EXPECT_EQ(with(R"({"form":"another"})", Code::InvalidArgument), "The bundle's manifest is wrong: it is of another form.");
  std::string spaced = encode(manifest);
  spaced.insert(1, " ");
  EXPECT_EQ(with(spaced, Code::InvalidArgument), "The bundle's manifest is wrong: it is not in its one form.");
}

TEST_F(Bundle, AWriterRefusesWhatIsNotInItsManifest) {
  const Manifest manifest = manifest_of({{"a", "12"}, {"b", "3"}}, some_key());
  const auto code_of = [&](std::string_view bytes) {
    auto writer = Writer::open(file_.empty(), manifest, some_key());
    EXPECT_TRUE(writer);
    if (auto written = writer->write(bytes); !written) return written.error().message;
    const auto finished = writer->finish();
    return finished ? "done" : finished.error().message;
  };
  EXPECT_EQ(code_of("123"), "done");
  EXPECT_EQ(code_of("12"), "The part \"b\" is missing or short.");
  EXPECT_EQ(code_of("13"), "The part \"a\" is not what its hash says.");
  EXPECT_EQ(code_of("1234"), "There are more bytes than the parts have.");
}

TEST_F(Bundle, AFullDiskIsSaidToBeFull) {
  auto full = os::open_flags("/dev/full", O_WRONLY);
  ASSERT_TRUE(full);
  std::mt19937_64 random(1);
  std::string noise(1 << 20, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  auto writer = Writer::open(full->get(), manifest_of({{"a", noise}}, some_key()), some_key());
  ASSERT_TRUE(writer);
  auto written = writer->write(noise);
  if (written) written = writer->finish();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::NoSpace) << written.error().describe();
}

TEST(KnownSigners, SayWhoMadeIt) {
  const Signer signer{.key = hex_of(some_key().public_key()), .name = "ada's laptop"};
  const auto known = KnownSigners::parse("# checked by phone\n\n" + signer.key + " the office\n");
  ASSERT_TRUE(known);
  EXPECT_EQ(known->describe(signer), "signed by the office (" + fingerprint(signer.key) + "), whom you know");
  const std::string stranger = KnownSigners().describe(signer);
  EXPECT_EQ(stranger, "signed by an installation that you do not know (" + fingerprint(signer.key) + ") and that calls itself \"ada's laptop\"");
  EXPECT_EQ(KnownSigners().describe({.key = signer.key, .name = "\x1b[2J"}),
            "signed by an installation that you do not know (" + fingerprint(signer.key) + ")");
  for (const std::string& wrong : {std::string("office"), signer.key, signer.key + " ", signer.key + " a\n" + signer.key + " b",
                                   signer.key.substr(1) + "G office", signer.key + " \x1b[2J"})
    EXPECT_FALSE(KnownSigners::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace berth::bundle
