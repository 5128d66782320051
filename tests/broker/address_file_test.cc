// An address file is there, whole, while its broker runs, belongs to one broker at a time, and never takes the place of
// anything else.
#include "harness/broker/address_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

std::string FileText(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string ClaimError(const std::string& path) {
  try {
    const AddressFile file(path, "127.0.0.1:9");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "claimed";
}

size_t Entries(const TemporaryFolder& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.string())) ++count;
  return count;
}

TEST(AddressFileTest, IsThereWhileItsBrokerRuns) {
  const TemporaryFolder folder;
  const std::string path = folder / "a/b/broker";
  {
    const AddressFile file(path, "127.0.0.1:40001,127.0.0.1:40002");
    EXPECT_EQ(FileText(path), "127.0.0.1:40001,127.0.0.1:40002\n");
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0644u);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path).parent_path()));
}

TEST(AddressFileTest, BelongsToOneBrokerAtATime) {
  const TemporaryFolder folder;
  const std::string path = folder / "broker";
  std::optional<AddressFile> first(std::in_place, path, "127.0.0.1:1");
  EXPECT_THAT(ClaimError(path), HasSubstr("a broker is running already at 127.0.0.1:1; end it"));
  EXPECT_EQ(FileText(path), "127.0.0.1:1\n");
  EXPECT_EQ(Entries(folder), 1u);
  first.reset();
  EXPECT_EQ(ClaimError(path), "claimed");
}

TEST(AddressFileTest, AStaleFileIsReplaced) {
  const TemporaryFolder folder;
  const std::string path = folder / "broker";
  for (const char* left : {"127.0.0.1:1\n", ""}) {
    std::ofstream(path) << left;
    const AddressFile file(path, "127.0.0.1:2");
    EXPECT_EQ(FileText(path), "127.0.0.1:2\n");
    EXPECT_EQ(Entries(folder), 1u);
  }
}

TEST(AddressFileTest, SomethingElseStays) {
  const TemporaryFolder folder;
  const std::string path = folder / "broker";
  std::ofstream(path) << "my notes\n";
  EXPECT_THAT(ClaimError(path), HasSubstr("holds something else than a broker's address"));
  EXPECT_EQ(FileText(path), "my notes\n");
  EXPECT_THAT(ClaimError(folder.string()), HasSubstr("is no regular file"));
  EXPECT_THAT(ClaimError(path + "/below"), HasSubstr("its folder can't be made"));
  EXPECT_THAT(ClaimError("/proc/broker"), HasSubstr("can't be written"));
  EXPECT_EQ(Entries(folder), 1u);
}

TEST(AddressFileTest, IsRemovedOnlyWhileItIsItsOwn) {
  const TemporaryFolder folder;
  const std::string path = folder / "broker";
  {
    const AddressFile file(path, "127.0.0.1:1");
    std::filesystem::remove(path);
    std::ofstream(path) << "127.0.0.1:2\n";
  }
  EXPECT_EQ(FileText(path), "127.0.0.1:2\n");
}

TEST(AddressFileTest, OfManyAtATimeOneGetsIt) {
  const TemporaryFolder folder;
  const std::string path = folder / "broker";
  for (int round = 0; round < 20; ++round) {
    if (round % 2 == 1) std::ofstream(path) << "127.0.0.1:1\n";
    std::vector<std::optional<AddressFile>> files(4);
    std::vector<std::thread> threads;
    threads.reserve(files.size());
    for (auto& file : files) {
      threads.emplace_back([&] {
        try {
          file.emplace(path, "127.0.0.1:2");
        } catch (const std::runtime_error&) {
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::count_if(files.begin(), files.end(), [](const auto& file) { return file.has_value(); }), 1);
    EXPECT_EQ(FileText(path), "127.0.0.1:2\n");
  }
}

RC_GTEST_PROP(AddressFileTextTest, AddressesLookLikeAddresses, ()) {
  const auto ports = *rc::gen::nonEmpty(rc::gen::container<std::vector<uint16_t>>(rc::gen::arbitrary<uint16_t>()));
  std::string text;
  for (const uint16_t port : ports) text += (text.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(port));
  RC_PRE(text.size() < 4000);
  RC_ASSERT(LooksLikeAddressFile(text + "\n"));
  RC_ASSERT(!LooksLikeAddressFile(text));
  RC_ASSERT(!LooksLikeAddressFile(text + "\nmore\n"));
}

TEST(AddressFileTextTest, OtherTextDoesNot) {
  for (const char* text : {"a", "notes\n", "a b:1\n", ":1\n", "a:\n", "a:x\n", "a:1,b\n", "# Title\n", "\x7f@ELF"}) {
    EXPECT_FALSE(LooksLikeAddressFile(text)) << text;
  }
}

}  // namespace
}  // namespace harness
