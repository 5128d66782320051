// Which rejected records still have to be written to the dead-letter topic, and which are there already. The books of
// DeadLetters (server/kafka/dead_letters.h), whose reader's thread offers and whose own thread writes, under its mutex.
// Pure.
//
// A letter is held whole while there is room (letters, bytes); past that only where it stands is kept, to be read
// from Kafka again; past that it is counted as lost, in ranges. What is written is decided by what the dead-letter
// topic holds: nothing is sent before that was read to its end, and after a write of unknown outcome it has to be read
// on first. So each record is written once, however often servers restart. What that topic holds is remembered as far
// as it has room (bytes); of letters beyond that the oldest of each partition are forgotten, and every record up to
// them counts as written: rather one that is missing than one that is there twice. It is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "payment/record_decoder.h"

namespace pipeline {

// One record of the source topic. The checksum (key and value) tells it from the record that another log had there.
struct DeadPlace {
  int64_t offset = 0;
  int32_t partition = 0;
  uint32_t record_crc32c = 0;
  bool operator==(const DeadPlace&) const = default;
  bool operator<(const DeadPlace& other) const {
    return std::tie(partition, offset, record_crc32c) < std::tie(other.partition, other.offset, other.record_crc32c);
  }
};

struct DeadLetter {
  DeadPlace place;
  RejectReason reason = RejectReason::kNone;
  int64_t timestamp_ms = -1;                                                // of the record; -1: it has none
  std::optional<std::string> key;                                           // nullopt: null
  std::optional<std::string> value;                                         // nullopt: null
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;  // the record's own
  int64_t bytes() const;
};

struct DeadLetterLimits {
  int64_t letters_max = 10'000;
  int64_t bytes_max = 64LL * 1024 * 1024;        // of letters; a single one may be larger
  int64_t places_max = 200'000;                  // beyond the letters; 64 bytes each
  int64_t known_bytes_max = 64LL * 1024 * 1024;  // of what the topic holds: 16 a letter; at least one letter's
};

struct DeadLetterCounts {
  int64_t written = 0;      // acknowledged, or found in the topic after a write of unknown outcome
  int64_t found = 0;        // were in the topic already
  int64_t pending = 0;      // letters and places
  int64_t refetched = 0;    // read from Kafka again
  int64_t retried = 0;      // writes that failed and are tried again
  int64_t in_doubt = 0;     // writes of unknown outcome
  int64_t lost = 0;         // neither held nor written: no room, gone from Kafka, or refused by it
  int64_t lost_ranges = 0;  // of those, as taken by TakeLost()
  int64_t forgotten = 0;    // letters of the topic that are no longer remembered one by one
  int64_t assumed = 0;      // records that count as written because of that
};

struct LostRange {
  int32_t partition = 0;
  int64_t first = 0;
  int64_t last = 0;
  int64_t records = 0;
};

class DeadLetterBook {
 public:
  explicit DeadLetterBook(const DeadLetterLimits& limits) : limits_(limits) {}

  // A record was rejected. kLetter: there is room for `bytes` of it, Put() has to follow. kPlace: its place alone is
  // kept. kLost: not even that. kHeld: it is here or in the topic already.
  enum class Keep : uint8_t { kLetter, kPlace, kLost, kHeld };
  Keep Offer(const DeadPlace& place, int64_t bytes);
  void Put(DeadLetter letter);

  // The dead-letter topic has to be read (on) to its end before anything can be sent.
  bool known_wanted() const { return known_wanted_; }
  void AddKnown(const DeadPlace& place);
  void EndKnown();
  // The dead-letter topic is another one: what was known of it is not so.
  void ForgetKnown();

  // The next to send; it stays where it is, in flight, until its outcome is told. nullptr: none, or known_wanted().
  const DeadLetter* Next();
  void Written(const DeadPlace& place);
  void NotWritten(const DeadPlace& place);  // certainly not: to be sent again
  void Refused(const DeadPlace& place);     // nor ever will be
  // Nothing is known of all that are in flight.
  void InDoubt();
  bool idle() const { return in_flight_.empty(); }

  // Places of one partition to be read again, ascending; empty: none, no room, or known_wanted(). They stay pending
  // until Fetched() or Gone().
  std::vector<DeadPlace> PlacesToFetch(size_t count_max);
  // False: no room any more.
  bool Fetched(DeadLetter letter);
  void Gone(const DeadPlace& place);

  // What was lost since the last call.
  std::vector<LostRange> TakeLost();
  DeadLetterCounts counts() const;
  int64_t letters() const { return static_cast<int64_t>(waiting_.size() + in_flight_.size()); }
  int64_t letter_bytes() const { return letter_bytes_; }
  int64_t places() const { return static_cast<int64_t>(places_.size()); }
  int64_t known_bytes() const { return static_cast<int64_t>(known_.size() * sizeof(DeadPlace)); }

 private:
  using Letters = std::map<DeadPlace, DeadLetter>;

  bool HasRoom(int64_t bytes) const;
  // Whether the topic holds it, or counts as holding it. Counts the latter.
  bool IsThere(const DeadPlace& place);
  void SortKnown();
  // Forgets the oldest quarter of each partition.
  void ForgetOldest();
  void Lose(const DeadPlace& place);
  Letters::iterator EndFlight(const DeadPlace& place);  // to where it waits again

  const DeadLetterLimits limits_;
  std::map<int32_t, int64_t> offered_;  // by partition, the greatest offset
  Letters waiting_;
  Letters in_flight_;
  std::set<DeadPlace> doubtful_;  // of waiting_: were in flight, and nothing is known of it
  int64_t letter_bytes_ = 0;
  DeadPlace last_sent_;     // the next one in turn follows it, so that no partition waits for another
  int32_t fetch_from_ = 0;  // partitions take turns
  std::set<DeadPlace> places_;
  std::vector<DeadPlace> known_;          // sorted but for what came since EndKnown()
  std::map<int32_t, int64_t> forgotten_;  // by partition, the greatest offset
  bool known_wanted_ = true;
  std::map<int32_t, LostRange> lost_;
  DeadLetterCounts counts_;
};

}  // namespace pipeline
