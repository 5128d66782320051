// An acknowledgement log is one producer's at a time: two would hand out the same sequence numbers, and one record's
// outcome would be taken for another's.
#include "producer/ack_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

namespace pipeline {
namespace {

TEST(AckLogTest, BelongsToOneProducerAtATime) {
  std::string folder = (std::filesystem::temp_directory_path() / "ack_log_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/ack.jsonl";
  std::optional<AckLog> first(std::in_place, path, "load");
  first->Send(first->next_sequence(), "pay_1", "{}", -1);
  try {
    const AckLog second(path, "load");
    ADD_FAILURE() << "it begins at " << second.next_sequence();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "acknowledgement log " + path + ": in use by another process");
  }
  first.reset();
  EXPECT_EQ(AckLog(path, "load").next_sequence(), 2u) << "once it has gone, the next one goes on";
  std::filesystem::remove_all(folder);
}

TEST(AckLogTest, IsARegularFile) {
  try {
    const AckLog log("/dev/null", "load");
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "acknowledgement log /dev/null: is a device; allowed: a regular file");
  }
}

}  // namespace
}  // namespace pipeline
