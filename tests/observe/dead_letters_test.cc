// What the dead-letter topic holds is read to its end, as it is, waited for while it is awaited, and is in the journal
// as the run saw it.
#include "harness/observe/dead_letters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/crc32c.h"
#include "harness/broker/mock_cluster.h"
#include "harness/observe/journal.h"
#include "observe_testing.h"
#include "producer/record_producer.h"

namespace harness {
namespace {

class DeadLettersTest : public ::testing::Test {
 protected:
  DeadLettersTest() {
    kafka_.brokers = cluster_.bootstrap();
    kafka_.topic = "payments.raw";
  }
  void Write(const std::vector<std::string>& keys) {
    pipeline::KafkaSettings dlq = kafka_;
    dlq.topic = "payments.raw.dlq";
    pipeline::RecordProducer producer({.kafka = dlq, .properties = {}}, [](auto) {});
    for (size_t i = 0; i < keys.size(); ++i) {
      while (!producer.TrySend(i + 1, static_cast<int32_t>(i % 2), keys[i], "bad")) {
        producer.WaitForRoom(SecondsFromNow(1));
      }
    }
    ASSERT_TRUE(producer.WaitUntilBelow(1, SecondsFromNow(60)));
  }
  std::vector<DeadLetterSeen> Read(size_t wanted, int seconds = 60) {
    return ReadDeadLetters(kafka_, wanted, SecondsFromNow(seconds), [] { return false; });
  }

  MockCluster cluster_{1};
  pipeline::KafkaSettings kafka_;
};

TEST_F(DeadLettersTest, AreReadToTheEndAndAsTheyAre) {
  cluster_.CreateTopic("payments.raw.dlq", 2);
  Write({"payments.raw/3/7", "other/3/7", "payments.raw/3/7", "payments.raw/3/x"});
  const std::vector<DeadLetterSeen> letters = Read(1);
  ASSERT_EQ(letters.size(), 4u);
  int of_the_record = 0;
  for (const DeadLetterSeen& letter : letters) {
    EXPECT_EQ(letter.record_crc32c, pipeline::RecordCrc32c("", "bad"));
    if (letter.partition == 3 && letter.offset == 7) {
      ++of_the_record;
      EXPECT_EQ(letter.letter_partition, 0);
    } else {
      EXPECT_EQ(letter.offset, -1);
      EXPECT_EQ(letter.letter_partition, 1);
    }
  }
  EXPECT_EQ(of_the_record, 2);
}

TEST_F(DeadLettersTest, ATopicThatIsNotThereHoldsNothing) {
  EXPECT_TRUE(Read(0).empty());
  EXPECT_TRUE(Read(1, 1).empty());
}

TEST(DeadLettersJournalTest, AreInTheJournal) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{10'000}}) {
    const TempFolder folder;
    Recorder recorder("run-1", folder.path());
    std::vector<DeadLetterSeen> letters;
    for (size_t i = 0; i < count; ++i) {
      letters.push_back({static_cast<int64_t>(i), static_cast<int64_t>(2 * i), 1, 2, static_cast<uint32_t>(3 * i)});
    }
    recorder.OnDeadLetters(letters);
    recorder.Finish([](History*) {});
    const JournalContent content = ReadJournal(folder.path());
    EXPECT_EQ(content.problem, "");
    EXPECT_TRUE(content.history.dead_letters_read);
    ASSERT_EQ(content.history.dead_letters.size(), count);
    for (size_t i = 0; i < count; ++i) {
      const DeadLetterSeen& seen = content.history.dead_letters[i];
      ASSERT_EQ(seen.offset, static_cast<int64_t>(i));
      ASSERT_EQ(seen.letter_offset, static_cast<int64_t>(2 * i));
      ASSERT_EQ(seen.partition, 1);
      ASSERT_EQ(seen.letter_partition, 2);
      ASSERT_EQ(seen.record_crc32c, static_cast<uint32_t>(3 * i));
    }
  }
}

}  // namespace
}  // namespace harness
