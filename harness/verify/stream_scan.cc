#include "harness/verify/stream_scan.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace harness {
namespace {

class Scanner {
 public:
  Scanner(const LogIndex& log, const ClientView& view)
      : log_(log), view_(view), tracks_(static_cast<size_t>(log.partitions())) {
    const auto& deliveries = view.client().deliveries;
    lacks_positions_ =
        std::any_of(deliveries.begin(), deliveries.end(), [](const Delivery& seen) { return seen.offset < 0; });
  }

  StreamScan Scan() {
    const auto& deliveries = view_.client().deliveries;
    uint32_t connection = 0;
    for (const size_t i : StreamByStream(deliveries)) {
      if (view_.place(i) == kNoPlace || !view_.place_is_certain(i) || view_.may_be_unread(i)) continue;
      if (deliveries[i].connection != connection) Close(std::exchange(connection, deliveries[i].connection));
      See(i);
    }
    Close(connection);
    return std::move(scan_);
  }

 private:
  // One partition of the stream at hand.
  struct Track {
    bool open = false;
    LogPlace begin = 0;               // of what the stream owes
    LogPlace first = kNoPlace;        // the least that came of it
    LogPlace next = 0;                // beyond the greatest that came
    std::vector<PassedOver> missing;  // in offset order; without a `next`: it came late
  };

  // A client may have two streams open at a time.
  static std::vector<size_t> StreamByStream(const std::vector<Delivery>& deliveries) {
    std::vector<size_t> order(deliveries.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto by_stream = [&](size_t a, size_t b) { return deliveries[a].connection < deliveries[b].connection; };
    if (!std::is_sorted(order.begin(), order.end(), by_stream)) std::stable_sort(order.begin(), order.end(), by_stream);
    return order;
  }

  const Connection* StreamOf(size_t delivery) const {
    const auto& connections = view_.client().connections;
    const size_t index = view_.client().deliveries[delivery].connection;
    return index < connections.size() ? &connections[index] : nullptr;
  }

  // False: it says nothing of what its stream owes.
  bool Open(size_t delivery, const Connection* connection, Track* track) const {
    const LogPlace place = view_.place(delivery);
    if (connection != nullptr && connection->has_start) {
      const int32_t partition = log_.partition(place);
      const size_t index = view_.client().deliveries[delivery].connection;
      track->begin = log_.LowerBound(partition, view_.Begin(index, partition).bound() + 1);
    } else if (const DeliveryKind kind = view_.kind(delivery);
               kind != DeliveryKind::kExisting && kind != DeliveryKind::kUntold) {
      track->begin = place;
    } else {
      return false;
    }
    track->open = true;
    track->next = track->begin;
    return true;
  }

  void See(size_t delivery) {
    const LogPlace place = view_.place(delivery);
    const auto partition = static_cast<size_t>(log_.partition(place));
    Track& track = tracks_[partition];
    if (!track.open) {
      const Connection* connection = StreamOf(delivery);
      if (!Open(delivery, connection, &track)) return;
      used_.push_back(partition);
      if (connection != nullptr && connection->resumed) ++scan_.starts;
    } else {
      ++scan_.judged;
    }
    if (place < track.begin) return;
    track.first = std::min(track.first, place);
    if (place < track.next) {
      CameLate(place, &track);
      return;
    }
    for (LogPlace passed = track.next; passed < place; ++passed) {
      if (!IsOwed(passed)) continue;
      track.missing.push_back({.place = passed, .next = place, .delivery = delivery});
    }
    track.next = place + 1;
  }

  static void CameLate(LogPlace place, Track* track) {
    const auto found =
        std::lower_bound(track->missing.begin(), track->missing.end(), place,
                         [](const PassedOver& passed, LogPlace wanted) { return passed.place < wanted; });
    if (found != track->missing.end() && found->place == place) found->next = kNoPlace;
  }

  // Whether the stream has to send it and it would be known that it came.
  bool IsOwed(LogPlace place) const {
    const LogRecord& record = log_.record(place);
    if (!record.valid || !view_.client().filter.Matches(record.provider, record.status)) return false;
    if (!lacks_positions_) return true;
    if (record.rec.has_value() && log_.Places(record.rec).size() > 1) return false;
    // What came without its rec is known by its content, where no other record has the same.
    if (view_.lacks_names()) return log_.PlacesOfContent(record.id_hash, record.content_hash).size() == 1;
    return view_.IsIdentifiable(record);
  }

  void Close(size_t connection) {
    std::sort(used_.begin(), used_.end());
    for (const size_t partition : used_) {
      Track& track = tracks_[partition];
      for (PassedOver& passed : track.missing) {
        if (passed.next == kNoPlace) continue;
        passed.connection = connection;
        passed.at_start = passed.place < track.first;
        scan_.passed_over.push_back(passed);
      }
      track = {};
    }
    used_.clear();
  }

  const LogIndex& log_;
  const ClientView& view_;
  bool lacks_positions_ = false;
  std::vector<Track> tracks_;  // by partition
  std::vector<size_t> used_;   // the open ones
  StreamScan scan_;
};

}  // namespace

StreamScan ScanStreams(const LogIndex& log, const ClientView& view) { return Scanner(log, view).Scan(); }

}  // namespace harness
