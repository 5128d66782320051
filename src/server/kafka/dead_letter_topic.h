// What dead letters ask of Kafka: what their topic holds, writing one, and reading one's record again. Owned and called
// by the thread of DeadLetters alone; calls block up to about a second where nothing else is said, and throw
// std::runtime_error with the reason when Kafka does not answer.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/kafka.h"
#include "payment/record_decoder.h"
#include "stream/dead_letter_book.h"

namespace pipeline {

// A copy of a message that was rejected. `size_bytes` of it without the copy.
DeadLetter MakeDeadLetter(const rd_kafka_message_t& message, RejectReason reason);
int64_t DeadLetterBytes(const rd_kafka_message_t& message);
DeadPlace DeadPlaceOf(const rd_kafka_message_t& message);

// "topic/partition/offset", and back.
std::string DeadLetterKey(const std::string& topic, const DeadPlace& place);
std::optional<DeadPlace> ParseDeadLetterKey(const std::string& topic, std::string_view key);

class DeadLetterTopic {
 public:
  // What became of one that was sent.
  enum class Outcome : uint8_t { kWritten, kNotWritten, kRefused, kUnknown };
  struct Report {
    DeadPlace place;
    Outcome outcome = Outcome::kUnknown;
    std::string reason;  // why it was not written
  };

  // `settings`: of the source topic. Throws SettingsError for a property that librdkafka refuses.
  DeadLetterTopic(const KafkaSettings& settings, std::string topic);

  // Whether the topic is there; asking may create it, where the brokers create topics that are asked for.
  bool Present();
  // Reads it on, from where the last call ended, to the end as it is now. `known` is called for each letter of this
  // source topic that the topic still holds and whose record the source still has. False: `stop` told to end. Calls
  // `forget` first when the topic is not the one that was read before.
  bool ReadOn(const std::function<void()>& forget, const std::function<void(const DeadPlace&)>& known,
              const std::function<bool()>& stop);

  // Hands one to librdkafka; `letter` has to stay until its report. False: no room now.
  bool Send(const DeadLetter& letter);
  // Outcomes since the last call; waits for one at most so long.
  std::vector<Report> Poll(int timeout_ms);
  // Whether librdkafka can't go on with this producer.
  bool failed() const;
  // Drops the producer; there are no reports any more, and nothing is sent any more.
  void DropProducer();

  // Reads records of one partition again, ascending places. `take` is called for each: with the message, or with
  // nullptr when Kafka has that record no longer; it returns false to end early. Ends early also when the next place is
  // far off, or when `stop` says so.
  void Fetch(const std::vector<DeadPlace>& places,
             const std::function<bool(const DeadPlace&, const rd_kafka_message_t*)>& take,
             const std::function<bool()>& stop);

 private:
  void MakeProducer();
  static void OnReport(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque);
  void TakeKnown(const rd_kafka_message_t& message, const std::vector<int64_t>& source_starts,
                 const std::function<void(const DeadPlace&)>& known);

  const KafkaSettings settings_;
  const std::string topic_;
  KafkaPtr<rd_kafka_t> reader_;  // of the dead-letter topic
  KafkaPtr<rd_kafka_t> source_;
  std::vector<Report> reports_;
  KafkaPtr<rd_kafka_t> producer_;
  std::vector<int64_t> next_offsets_;  // of the dead-letter topic's partitions
};

}  // namespace pipeline
