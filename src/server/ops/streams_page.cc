#include "server/ops/streams_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <tuple>
#include <utility>

#include "common/clock.h"
#include "payment/codec.h"

namespace pipeline {
namespace {

using Stage = CallProgress::Stage;

// Of the replica, copied under its mutex.
struct Head {
  int64_t passed = 0;  // offsets, over all partitions
  uint64_t window_begin = 0;
  uint64_t window_end = 0;
};

Head ReadHead(Replica* replica) {
  const Replica::Access access = replica->Lock();
  const ReplicaState& state = access.state();
  Head head;
  for (int32_t p = 0; p < state.partition_count(); ++p) head.passed += state.next_offset(p);
  head.window_begin = state.window().begin_sequence();
  head.window_end = state.window().end_sequence();
  return head;
}

// What a row is ordered by, beside its call. The head was read before the stream was: a stream may be past it.
struct Candidate {
  std::shared_ptr<OpenCall> call;
  CallProgress progress;
  std::optional<int64_t> behind_records;
  bool fell_off = false;
};

void Measure(const Head& head, Candidate* stream) {
  const CallProgress& at = stream->progress;
  if (at.stage == Stage::kLive) {
    const uint64_t sequence = std::min(at.window_sequence, head.window_end);
    stream->behind_records = static_cast<int64_t>(head.window_end - sequence) + at.queued;
    stream->fell_off = sequence < head.window_begin;
  } else if (at.stage == Stage::kSnapshot || at.stage == Stage::kCatchingUp) {
    stream->behind_records = std::max<int64_t>(0, head.passed - at.passed) + at.queued;
  }
}

// The one that is further behind is slower; of two that are as far, the one that has taken nothing for longer.
bool IsSlower(const Candidate& a, const Candidate& b) {
  const auto since = [](const Candidate& stream) {
    return stream.progress.write_since_ns == 0 ? INT64_MAX : stream.progress.write_since_ns;
  };
  const auto key = [&](const Candidate& stream) {
    return std::make_tuple(-stream.behind_records.value_or(-1), since(stream), -stream.progress.waiting_bytes,
                           stream.progress.subscription);
  };
  return key(a) < key(b);
}

std::string_view StateName(const StreamRow& row) {
  if (row.fell_off) return "fallen-off";
  switch (row.progress.stage) {
    case Stage::kUnary:
      break;
    case Stage::kStarting:
      return "starting";
    case Stage::kVerifying:
      return "verifying";
    case Stage::kSnapshot:
      return "snapshot";
    case Stage::kCatchingUp:
      return "catching-up";
    case Stage::kLive:
      return "live";
    case Stage::kEnding:
      return "ending";
  }
  return "";
}

std::string_view MethodName(const StreamRow& row) { return row.facts.batched ? "SubscribePayments" : "StreamPayments"; }

// "STRIPE,COMPLETED"; what is not filtered is "any".
std::string FilterName(const Filter& filter) {
  std::string name;
  if (filter.provider != Provider::kUnknown) name = ProviderName(filter.provider);
  if (filter.status != PaymentStatus::kUnknown) name.append(name.empty() ? "" : ",").append(StatusName(filter.status));
  return name.empty() ? "any" : name;
}

double Seconds(int64_t since_ns, int64_t now_ns) {
  return static_cast<double>(std::max<int64_t>(0, now_ns - since_ns)) / 1e9;
}

double WriteSeconds(const StreamRow& row, int64_t now_ns) {
  return row.progress.write_since_ns == 0 ? 0 : Seconds(row.progress.write_since_ns, now_ns);
}

}  // namespace

std::string StreamsTable(const StreamRows& rows) {
  std::string text = fmt::format("{} streams, the slowest first; --slow-subscriber={}\n\n", rows.streams,
                                 SlowSubscriberName(rows.slow_subscriber));
  auto out = std::back_inserter(text);
  constexpr std::string_view kLine = "{:<39} {:>8} {:>9} {:<17} {:<8} {:<18} {:<11} {:>10} {:>7} {:>10} {:>8}\n";
  fmt::format_to(out, kLine, "PEER", "STREAM", "AGE_S", "METHOD", "BEGINS", "FILTER", "STATE", "BEHIND", "EVENTS",
                 "BYTES", "STUCK_S");
  for (const StreamRow& row : rows.rows) {
    fmt::format_to(out, kLine, row.facts.peer, row.progress.subscription,
                   fmt::format("{:.1f}", Seconds(row.facts.started_ns, rows.now_ns)), MethodName(row), row.facts.begins,
                   FilterName(row.facts.filter), StateName(row),
                   row.behind_records ? std::to_string(*row.behind_records) : "-", row.progress.queued,
                   row.progress.waiting_bytes, fmt::format("{:.1f}", WriteSeconds(row, rows.now_ns)));
  }
  if (rows.streams > rows.rows.size()) text += fmt::format("... and {} more\n", rows.streams - rows.rows.size());
  return text;
}

std::string StreamsJson(const StreamRows& rows) {
  std::string text = fmt::format(R"({{"streams":{},"left_out":{},"slow_subscriber":"{}","rows":[)", rows.streams,
                                 rows.streams - rows.rows.size(), SlowSubscriberName(rows.slow_subscriber));
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const StreamRow& row = rows.rows[i];
    text += i == 0 ? "\n{\"peer\":" : ",\n{\"peer\":";
    AppendJsonString(row.facts.peer, &text);
    text += fmt::format(
        R"(,"stream":{},"age_s":{:.1f},"method":"{}","begins":"{}","filter":"{}","state":"{}","behind_records":{},)"
        R"("events":{},"bytes":{},"stuck_s":{:.1f}}})",
        row.progress.subscription, Seconds(row.facts.started_ns, rows.now_ns), MethodName(row), row.facts.begins,
        FilterName(row.facts.filter), StateName(row), row.behind_records ? std::to_string(*row.behind_records) : "null",
        row.progress.queued, row.progress.waiting_bytes, WriteSeconds(row, rows.now_ns));
  }
  return text + "]}\n";
}

StreamRows StreamsPage::Rows() const {
  StreamRows rows;
  rows.now_ns = MonotonicNs();
  rows.slow_subscriber = slow_subscriber_;
  const Head head = ReadHead(replica_);
  std::vector<Candidate> streams;
  for (std::shared_ptr<OpenCall>& call : hub_->Calls()) {
    if (call->stream() == nullptr) continue;
    Candidate& stream = streams.emplace_back();
    stream.progress = call->progress();
    stream.call = std::move(call);
    Measure(head, &stream);
  }
  rows.streams = streams.size();
  const auto shown = static_cast<std::ptrdiff_t>(std::min(streams.size(), kStreamRowsMax));
  std::partial_sort(streams.begin(), streams.begin() + shown, streams.end(), IsSlower);
  for (auto stream = streams.begin(); stream != streams.begin() + shown; ++stream) {
    rows.rows.push_back({*stream->call->stream(), stream->progress, stream->behind_records, stream->fell_off});
  }
  return rows;
}

HttpContent StreamsPage::Show(std::string_view query) const {
  const std::string fields = "&" + std::string(query) + "&";
  if (fields.find("&format=json&") != std::string::npos) return {"application/json", StreamsJson(Rows())};
  return {"text/plain; charset=utf-8", StreamsTable(Rows())};
}

}  // namespace pipeline
