#include "harness/verify/dlq.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace harness {
namespace {

class Dlq {
 public:
  explicit Dlq(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    if (!evidence_.scenario.expect.dead_letters) return findings_.NotApplicable("the scenario expects no dead letters");
    if (!history_.audited) return findings_.NotApplicable("the topic was not audited");
    if (history_.interrupted) return findings_.NotApplicable("the run was interrupted");
    if (!history_.dead_letters_read) return findings_.NotApplicable("the dead-letter topic was not read");
    letters_ = history_.dead_letters;
    std::sort(letters_.begin(), letters_.end(), [](const DeadLetterSeen& a, const DeadLetterSeen& b) {
      return std::tie(a.partition, a.offset, a.letter_partition, a.letter_offset) <
             std::tie(b.partition, b.offset, b.letter_partition, b.letter_offset);
    });
    for (LogPlace place = 0; place < evidence_.log.size(); ++place) {
      if (!evidence_.log.record(place).valid) CheckRecord(place);
    }
    for (size_t i = 0; i < letters_.size(); ++i) CheckLetter(i);
    return findings_.Finish();
  }

 private:
  static bool IsBefore(const DeadLetterSeen& letter, std::pair<int32_t, int64_t> place) {
    return std::pair(letter.partition, letter.offset) < place;
  }

  void CheckRecord(LogPlace place) {
    findings_.Judged();
    const LogRecord& record = evidence_.log.record(place);
    const std::pair at(evidence_.log.partition(place), record.offset);
    const auto letter = std::lower_bound(letters_.begin(), letters_.end(), at, IsBefore);
    if (letter == letters_.end() || std::pair(letter->partition, letter->offset) != at) {
      Report(place, "is no valid payment, and the dead-letter topic does not hold it");
    } else if (letter->record_crc32c != record.crc32c) {
      Report(place, "is in the dead-letter topic with another key or value");
    }
  }

  // What stands behind the first letter of its record, and what is of no record that was rejected.
  void CheckLetter(size_t i) {
    findings_.Judged();
    const DeadLetterSeen& letter = letters_[i];
    const bool again = i > 0 && letter.offset >= 0 && letters_[i - 1].partition == letter.partition &&
                       letters_[i - 1].offset == letter.offset;
    const LogPlace place = letter.offset < 0 ? kNoPlace : evidence_.log.Find(letter.partition, letter.offset);
    if (place != kNoPlace && !evidence_.log.record(place).valid) {
      if (again) Report(place, fmt::format("is in the dead-letter topic again, at {}", Text(letter)));
      return;
    }
    if (place != kNoPlace) {
      return Report(place, fmt::format("is a dead letter at {}, and a valid payment", Text(letter)));
    }
    if (letter.offset >= 0 && static_cast<size_t>(letter.partition) < history_.partitions.size() &&
        TrimmedUnread(history_.partitions[static_cast<size_t>(letter.partition)], letter.offset)) {
      return;
    }
    findings_.Add(evidence_.damage.log_is_whole(letter.partition), [&] {
      Violation violation;
      violation.causes = Cause::kServer;
      violation.partition = letter.partition;
      violation.offset = letter.offset;
      violation.sentence = fmt::format("the dead letter at {} is of no record that the log holds", Text(letter));
      return violation;
    });
  }

  static std::string Text(const DeadLetterSeen& letter) {
    return fmt::format("partition {} offset {} of the dead-letter topic", letter.letter_partition,
                       letter.letter_offset);
  }

  void Report(LogPlace place, const std::string& what) {
    findings_.Add(evidence_.damage.log_is_whole(-1), [&] {
      Violation violation = AtPlace(evidence_, place);
      violation.causes = Cause::kServer;
      violation.sentence = PlaceText(evidence_, place) + " " + what;
      return violation;
    });
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"DLQ"};
  std::vector<DeadLetterSeen> letters_;
};

}  // namespace

CheckResult CheckDlq(const Evidence& evidence) { return Dlq(evidence).Check(); }

}  // namespace harness
