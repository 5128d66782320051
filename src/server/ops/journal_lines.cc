#include "server/ops/journal_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "payment/codec.h"

namespace pipeline {
namespace {

template <typename... Args>
void Add(std::string* out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*out), format, std::forward<Args>(args)...);
}

void AppendTextMember(std::string_view name, std::string_view value, std::string* out) {
  Add(out, ",\"{}\":", name);
  AppendJsonString(value, out);
}

void AppendToken(std::string_view name, const ::payment::ResumeToken& token, std::string* out) {
  Add(out, R"(,"{}":{{"log_id":)", name);
  AppendJsonString(token.log_id(), out);
  *out += R"(,"partitions":[)";
  bool first = true;
  for (const ::payment::PartitionResume& at : token.partitions()) {
    Add(out, R"({}{{"p":{},"after":{})", std::exchange(first, false) ? "" : ",", at.partition(), at.after());
    if (at.has_snapshot_until()) Add(out, R"(,"snapshot_until":{})", at.snapshot_until());
    *out += '}';
  }
  *out += "]}";
}

// The earliest moment: threads may tell of theirs in another order than they took the time.
int64_t EarliestNs(std::span<const JournaledRecord> records) {
  const auto earlier = [](const JournaledRecord& a, const JournaledRecord& b) { return a.time_ns < b.time_ns; };
  return std::min_element(records.begin(), records.end(), earlier)->time_ns;
}

// [[partition, offset, ns since `earliest_ns`], ...]
void AppendRecords(std::span<const JournaledRecord> records, int64_t earliest_ns, std::string* out) {
  *out += '[';
  bool first = true;
  for (const JournaledRecord& record : records) {
    Add(out, "{}[{},{},{}", std::exchange(first, false) ? "" : ",", record.partition, record.offset,
        record.time_ns - earliest_ns);
    if (record.reason != RejectReason::kNone) Add(out, ",\"{}\"", RejectReasonName(record.reason));
    *out += ']';
  }
  *out += "]}";
}

}  // namespace

void AppendJournalStart(int64_t time_ns, std::string_view server_id, int64_t pid, std::string* out) {
  Add(out, R"({{"type":"start","t":{},"pid":{})", time_ns, pid);
  AppendTextMember("server_id", server_id, out);
  *out += '}';
}

void AppendJournalRead(std::span<const JournaledRecord> records, std::string* out) {
  const int64_t earliest_ns = EarliestNs(records);
  Add(out, R"({{"type":"read","t":{},"records":)", earliest_ns);
  AppendRecords(records, earliest_ns, out);
}

void AppendJournalBegin(const SubscriptionBegan& began, std::string* out) {
  Add(out, R"({{"type":"begin","t":{},"sub":{})", began.time_ns, began.number);
  AppendTextMember("peer", began.peer, out);
  Add(out, R"(,"provider":"{}","status":"{}")", ProviderName(began.filter.provider), StatusName(began.filter.status));
  if (began.sent) AppendToken("sent", *began.sent, out);
  AppendToken("token", began.token, out);
  *out += '}';
}

void AppendJournalWrite(uint64_t subscription, std::span<const JournaledRecord> events, std::string* out) {
  const int64_t earliest_ns = EarliestNs(events);
  Add(out, R"({{"type":"write","t":{},"sub":{},"events":)", earliest_ns, subscription);
  AppendRecords(events, earliest_ns, out);
}

void AppendJournalEnd(int64_t time_ns, uint64_t subscription, int code, std::string_view reason, std::string* out) {
  Add(out, R"({{"type":"end","t":{},"sub":{},"code":{})", time_ns, subscription, code);
  AppendTextMember("reason", reason, out);
  *out += '}';
}

void AppendJournalCut(int64_t time_ns, int64_t lost, std::string* out) {
  Add(out, R"({{"type":"cut","t":{},"lost":{}}})", time_ns, lost);
}

void AppendJournalStop(int64_t time_ns, std::string* out) { Add(out, R"({{"type":"stop","t":{}}})", time_ns); }

std::string SubscriptionName(std::string_view server_id, uint64_t number) {
  return fmt::format("{}/{}", server_id, number);
}

}  // namespace pipeline
