#include "harness/measure/record_way.h"

#include <algorithm>
#include <vector>

#include "harness/measure/first_times.h"
#include "harness/verify/checker.h"
#include "harness/verify/well_formed.h"

namespace harness {
namespace {

class Walk {
 public:
  Walk(const Measurement& measurement, size_t client, const std::function<void(const RecordWay&)>& visit)
      : of_(measurement),
        index_(client),
        view_(measurement.clients.view(client)),
        visit_(visit),
        first_time_(measurement.history) {
    for (size_t i = 0; i < of_.history.producers.size(); ++i) {
      is_process_.push_back(IsProcessProducer(of_.history, i));
    }
  }

  void Go() {
    Received();
    if (of_.history.audited) {
      for (const LogPlace place : of_.clients.missing(index_)) Missing(place);
      for (const Rec rec : of_.not_in_topic) NeverCame(rec);
    } else if (!of_.history.interrupted) {
      NotReceived();
    }
  }

 private:
  RecordWay Way(Rec rec, const Send* send) const {
    RecordWay way;
    way.send = send;
    if (send == nullptr) return way;
    way.is_planned = !is_process_[rec.producer()];
    way.was_there = WasThereFor(view_.client(), *send);
    return way;
  }

  void Received() {
    const Client& client = view_.client();
    for (size_t i = 0; i < client.deliveries.size(); ++i) {
      const Delivery& delivery = client.deliveries[i];
      if (delivery.kind == DeliveryKind::kDropped || delivery.sentinel) continue;
      const Send* send = FindSend(of_.history, delivery.rec);
      const LogPlace place = view_.place(i);
      if (place != kNoPlace && of_.log.record(place).sentinel) continue;  // its client may say nothing of its rec
      const bool is_first =
          send != nullptr ? first_time_(delivery.rec) : place == kNoPlace || view_.first_delivery(place) == i;
      if (!is_first) continue;
      RecordWay way = Way(delivery.rec, send);
      way.received_ns = delivery.time_ns;
      way.received_counts = send != nullptr && TimeCounts(delivery, *send);
      if (place != kNoPlace && delivery.connection < client.connections.size() && !of_.server_times.empty()) {
        const auto hops = of_.server_times.On(client.connections[delivery.connection], place);
        way.read_ns = hops.read_ns;
        way.written_ns = hops.written_ns;
      }
      visit_(way);
    }
  }

  void Missing(LogPlace place) {
    const LogRecord& record = of_.log.record(place);
    const Send* send = record.sentinel ? nullptr : FindSend(of_.history, record.rec);
    if (send == nullptr || !WasOwed(*send)) return;
    // One that left may have done so before what it had not got yet.
    if (view_.client().left_ns != 0 && record.offset > view_.frontier(of_.log.partition(place))) return;
    if (!first_time_(record.rec)) return;
    RecordWay way = Way(record.rec, send);
    const auto hops = of_.server_times.Furthest(view_.client(), place);
    way.read_ns = hops.read_ns;
    way.written_ns = hops.written_ns;
    visit_(way);
  }

  void NeverCame(Rec rec) {
    const Send* send = FindSend(of_.history, rec);
    if (WasOwed(*send) && first_time_(rec)) visit_(Way(rec, send));
  }

  // Without an audit: which records a filter matches is not known, so a client that has one is not said to lack any
  // that was acknowledged.
  void NotReceived() {
    const bool takes_all = view_.client().filter == pipeline::Filter{};
    for (size_t p = 0; p < of_.history.producers.size(); ++p) {
      const std::vector<Send>& sends = of_.history.producers[p].sends;
      for (size_t i = 0; i < sends.size(); ++i) {
        if (sends[i].sent_ns == 0 || sends[i].sentinel || (sends[i].outcome == Outcome::kOk && !takes_all)) continue;
        NeverCame(Rec::Make(static_cast<uint16_t>(p), i + 1));
      }
    }
  }

  bool WasOwed(const Send& send) const {
    const Client& client = view_.client();
    return WasThereFor(client, send) && (client.left_ns == 0 || std::max(send.sent_ns, send.acked_ns) < client.left_ns);
  }

  const Measurement& of_;
  const size_t index_;
  const ClientView& view_;
  const std::function<void(const RecordWay&)>& visit_;
  FirstTimes first_time_;
  std::vector<bool> is_process_;  // by producer
};

std::optional<int64_t> Between(int64_t begin_ns, int64_t end_ns) {
  return end_ns == kNeverNs ? kNeverNs : end_ns - begin_ns;
}

}  // namespace

int64_t RecordWay::EndNs() const {
  if (received_ns != kNeverNs || send == nullptr) return received_ns;
  return std::max(send->sent_ns, send->acked_ns);
}

void ForEachWay(const Measurement& measurement, size_t client, const std::function<void(const RecordWay&)>& visit) {
  Walk(measurement, client, visit).Go();
}

std::optional<int64_t> LatencyNs(Hop hop, const RecordWay& way) {
  const Send* send = way.send;
  if (send == nullptr || !way.was_there || !send->measured) return std::nullopt;
  const bool received_wrong = way.received_ns != kNeverNs && !way.received_counts;
  switch (hop) {
    case Hop::kEndToEnd:
      if (!way.is_planned || received_wrong) return std::nullopt;
      return Between(PlannedNs(*send), way.received_ns);
    case Hop::kService:
      if (received_wrong) return std::nullopt;
      return Between(send->sent_ns, way.received_ns);
    case Hop::kAckServer:
      if (send->outcome != Outcome::kOk || send->acked_ns == 0 || send->time_is_replaced || way.read_ns == 0) {
        return std::nullopt;
      }
      return Between(send->acked_ns, way.read_ns);
    case Hop::kServerQueue:
      if (way.read_ns == 0 || way.read_ns == kNeverNs || way.written_ns == 0) return std::nullopt;
      return Between(way.read_ns, way.written_ns);
    case Hop::kServerClient:
      if (way.written_ns == 0 || way.written_ns == kNeverNs || received_wrong) return std::nullopt;
      return Between(way.written_ns, way.received_ns);
  }
  return std::nullopt;
}

std::optional<int64_t> ScheduleLagNs(const Send& send, bool is_process) {
  if (is_process || !send.measured) return std::nullopt;
  return send.sent_ns - PlannedNs(send);
}

std::optional<int64_t> AckNs(const Send& send) {
  if (!send.measured || send.time_is_replaced) return std::nullopt;
  if (send.outcome != Outcome::kOk) return kNeverNs;
  if (send.acked_ns < send.sent_ns) return std::nullopt;  // nobody told when
  return send.acked_ns - send.sent_ns;
}

void Record(std::optional<int64_t> latency_ns, LatencyHistogram* histogram) {
  if (!latency_ns) return;
  if (*latency_ns == kNeverNs) {
    histogram->RecordWithoutEnd();
  } else {
    histogram->Record(*latency_ns);
  }
}

}  // namespace harness
