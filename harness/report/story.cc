#include "harness/report/story.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

#include "harness/report/names.h"

namespace harness {
namespace {

const Violation* FirstOf(const CheckResult& check) {
  return check.violations.empty() ? nullptr : &check.violations.front();
}

int64_t FirstTimeNs(const CheckResult& check) {
  const Violation* first = FirstOf(check);
  return first == nullptr || first->time_ns == 0 ? std::numeric_limits<int64_t>::max() : first->time_ns;
}

bool IsSameRecord(const CheckResult& a, const CheckResult& b) {
  const Violation* one = FirstOf(a);
  const Violation* other = FirstOf(b);
  if (one == nullptr || other == nullptr) return false;
  if (one->rec.has_value() && one->rec == other->rec) return true;
  return one->offset >= 0 && one->offset == other->offset && one->partition == other->partition;
}

// Its first violation is the end of a process that nobody had asked for.
bool IsDeath(const History& history, const CheckResult& check) {
  const Violation* first = FirstOf(check);
  if (first == nullptr || first->time_ns == 0 || first->offset >= 0) return false;
  return std::any_of(history.processes.begin(), history.processes.end(), [&](const ProcessSpan& span) {
    return span.ended_ns == first->time_ns && !span.ended_by_fault && !span.ended_by_harness;
  });
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Story {
 public:
  explicit Story(const Report& report) : history_(report.history), verdict_(report.verdict) {}

  std::vector<Chapter> Tell() {
    std::vector<const CheckResult*> broken;
    for (const CheckResult* check : AllChecks(verdict_)) {
      if (IsBroken(check->state)) broken.push_back(check);
    }
    const bool proves_nothing = verdict_.verdict == RunVerdict::kInvalid;
    const auto key = [&](const CheckResult* check) {
      return std::pair(proves_nothing && check->state != CheckState::kInvalid, FirstTimeNs(*check));
    };
    std::stable_sort(broken.begin(), broken.end(),
                     [&](const CheckResult* a, const CheckResult* b) { return key(a) < key(b); });
    std::vector<Chapter> chapters;
    for (const CheckResult* check : broken) {
      if (!StandsBelow(*check, &chapters)) chapters.push_back({check, {}, {}});
    }
    return chapters;
  }

 private:
  bool StandsBelow(const CheckResult& check, std::vector<Chapter>* chapters) const {
    for (Chapter& chapter : *chapters) {
      if (IsSameRecord(*chapter.check, check)) {
        // Of one record the hop that comes first tells most: the checks are in that order.
        if (&check < chapter.check && AsThreshold(verdict_, check) == nullptr) {
          chapter.same.push_back(chapter.check);
          chapter.check = &check;
        } else {
          chapter.same.push_back(&check);
        }
        return true;
      }
    }
    for (Chapter& chapter : *chapters) {
      if (!Follows(*chapter.check, check)) continue;
      chapter.follows.push_back(&check);
      return true;
    }
    return false;
  }

  // `later` is not earlier than `head`.
  bool Follows(const CheckResult& head, const CheckResult& later) const {
    if (head.state != CheckState::kViolated) return false;
    if (later.name == "NONVACUOUS") return true;
    const ThresholdResult* threshold = AsThreshold(verdict_, later);
    const bool unmeasured = threshold != nullptr && (threshold->samples == 0 || std::isinf(threshold->measured));
    if (IsDeath(history_, head)) {
      return IsOneOf(later.name, {"LIVE", "UNARY_AGREE"}) || threshold != nullptr;
    }
    if (head.name == "LIVE") return unmeasured;
    if (!IsOneOf(head.name, {"LOST", "SKIP", "RESUME", "BOOKMARK"}) || later.name != "LIVE" ||
        IsDeath(history_, later)) {
      return false;
    }
    const Violation* lost = FirstOf(head);
    const Violation* first = FirstOf(later);
    return lost != nullptr && first != nullptr && first->client == lost->client;
  }

  const History& history_;
  const Verdict& verdict_;
};

}  // namespace

std::vector<Chapter> StoryOf(const Report& report) { return Story(report).Tell(); }

}  // namespace harness
