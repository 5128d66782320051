#include "producer/ack_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "common/clock.h"
#include "payment/codec.h"

namespace pipeline {
namespace {

std::string_view OutcomeName(DeliveryOutcome outcome) {
  switch (outcome) {
    case DeliveryOutcome::kOk:
      return "ok";
    case DeliveryOutcome::kFail:
      return "fail";
    case DeliveryOutcome::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

uint64_t LastSequence(std::string_view text) {
  constexpr std::string_view kSend = R"({"type":"send",)";
  constexpr std::string_view kSequence = R"("seq":)";
  uint64_t last = 0;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (!line.starts_with(kSend)) continue;
    const size_t at = line.find(kSequence);
    if (at == std::string_view::npos) continue;
    uint64_t sequence = 0;
    std::from_chars(line.data() + at + kSequence.size(), line.data() + line.size(), sequence);
    last = std::max(last, sequence);
  }
  return last;
}

// Two producers would hand out the same sequence numbers.
AckLog::AckLog(const std::string& path, std::string_view producer) : lock_(path, "acknowledgement log " + path) {
  CutTornTail(path);
  // Line by line: such a file may be larger than the memory should be.
  uint64_t last = 0;
  std::ifstream existing(path);
  for (std::string line; std::getline(existing, line);) last = std::max(last, LastSequence(line));
  next_sequence_ = last + 1;
  file_ = LineFile::OpenForAppend(path);
  line_ = fmt::format(R"({{"type":"start","t":{},"producer":)", MonotonicNs());
  AppendJsonString(producer, &line_);
  line_ += '}';
  file_.Append(line_);
}

void AckLog::Send(uint64_t sequence, std::string_view key, std::string_view value, int32_t partition) {
  const MutexLock lock(&mutex_);
  line_.clear();
  auto out = std::back_inserter(line_);
  fmt::format_to(out, R"({{"type":"send","t":{},"seq":{},"key":)", MonotonicNs(), sequence);
  AppendJsonString(key, &line_);
  line_ += R"(,"value":)";
  AppendJsonString(value, &line_);
  if (partition >= 0) fmt::format_to(out, R"(,"partition":{})", partition);
  line_ += '}';
  file_.Append(line_);
}

void AckLog::Outcomes(std::span<const DeliveryReport> reports) {
  const MutexLock lock(&mutex_);
  std::string lines;
  for (const DeliveryReport& report : reports) {
    line_.clear();
    auto out = std::back_inserter(line_);
    fmt::format_to(out, R"({{"type":"outcome","t":{},"seq":{},"outcome":"{}","partition":{},"offset":{})",
                   report.time_ns, report.sequence, OutcomeName(report.outcome), report.partition, report.offset);
    if (report.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      line_ += R"(,"error":)";
      AppendJsonString(rd_kafka_err2str(report.error), &line_);
    }
    line_ += '}';
    lines += SealLine(line_);
  }
  file_.AppendSealed(lines);
}

void AckLog::End(const AckLogTotals& totals) {
  const MutexLock lock(&mutex_);
  file_.Append(fmt::format(R"({{"type":"end","t":{},"sent":{},"ok":{},"failed":{},"unknown":{}}})", MonotonicNs(),
                           totals.sent, totals.ok, totals.failed, totals.unknown));
}

}  // namespace pipeline
