#include "harness/report/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "harness/report/record_life.h"
#include "harness/report/text.h"
#include "harness/verify/client_view.h"

namespace harness {
namespace {

constexpr ptrdiff_t kNeighbours = 3;      // on each side
constexpr ptrdiff_t kSightingsShown = 2;  // of a record that came more than once: the first and the last

std::string At(const History& history, int64_t time_ns) {
  return time_ns == 0 ? "never" : MomentText(time_ns, history.load_begin_ns);
}

// A delivery, and where it stands: as its client says, or else as the topic says of its rec.
struct Placed {
  const Delivery* delivery = nullptr;
  int32_t partition = -1;
  int64_t offset = -1;
};

std::vector<Placed> PlacedDeliveries(const History& history, size_t client,
                                     const std::function<const LogIndex&()>& log) {
  const std::vector<Delivery>& deliveries = history.clients[client].deliveries;
  std::vector<Placed> placed;
  placed.reserve(deliveries.size());
  std::unique_ptr<ClientView> view;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    Placed& next = placed.emplace_back(Placed{&deliveries[i], deliveries[i].partition, deliveries[i].offset});
    if (next.offset >= 0 || !history.audited) continue;
    if (!view) view = std::make_unique<ClientView>(history, log(), client);
    const LogPlace place = view->place(i);
    if (place == kNoPlace) continue;
    next.partition = log().partition(place);
    next.offset = log().record(place).offset;
  }
  return placed;
}

class AtClient {
 public:
  AtClient(const History& history, const Client& client, const Sought& sought, std::vector<Placed> received)
      : history_(history), client_(client), sought_(sought), received_(std::move(received)) {
    if (sought.offset >= 0) {
      std::erase_if(received_, [&](const Placed& placed) { return placed.partition != sought.partition; });
    }
  }

  std::vector<std::string> Lines() {
    const std::vector<ptrdiff_t> sightings = Sightings();
    if (sightings.empty() && sought_.offset < 0) return {};  // it can't be said where it should have come
    const std::string where = sought_.offset >= 0 ? fmt::format(", partition {}", sought_.partition) : "";
    lines_.push_back(fmt::format("Neighbours at client {}{}, as received", client_.name, where));
    if (sightings.empty()) {
      AddGap();
    } else {
      AddAround(sightings.front());
      if (sightings.size() >= kSightingsShown) {
        lines_.emplace_back("  and again");
        AddAround(sightings.back());
      }
    }
    return std::move(lines_);
  }

 private:
  bool IsSought(const Placed& placed) const {
    if (sought_.offset >= 0 && placed.partition == sought_.partition && placed.offset == sought_.offset) return true;
    if (sought_.rec.has_value()) return placed.delivery->rec == sought_.rec;
    return sought_.offset < 0 && placed.delivery->id_hash == sought_.id_hash &&
           (sought_.time_ns == 0 || placed.delivery->time_ns == sought_.time_ns);
  }
  std::vector<ptrdiff_t> Sightings() const {
    std::vector<ptrdiff_t> sightings;
    for (size_t i = 0; i < received_.size(); ++i) {
      if (IsSought(received_[i])) sightings.push_back(static_cast<ptrdiff_t>(i));
    }
    return sightings;
  }
  void AddAround(ptrdiff_t middle) {
    const auto size = static_cast<ptrdiff_t>(received_.size());
    for (ptrdiff_t i = std::max<ptrdiff_t>(0, middle - kNeighbours); i < std::min(size, middle + kNeighbours + 1);
         ++i) {
      AddLine(received_[static_cast<size_t>(i)]);
    }
  }
  // Where it was passed over: before the first that stands behind it.
  void AddGap() {
    const auto behind = std::find_if(received_.begin(), received_.end(),
                                     [&](const Placed& placed) { return placed.offset > sought_.offset; });
    const auto from = behind - std::min(kNeighbours, behind - received_.begin());
    const auto to = behind + std::min(kNeighbours + 1, received_.end() - behind);
    for (auto placed = from; placed != behind; ++placed) AddLine(*placed);
    lines_.push_back(fmt::format("  > offset {} is missing{}", sought_.offset,
                                 behind == received_.end() ? ": nothing came after" : " here"));
    for (auto placed = behind; placed != to; ++placed) AddLine(*placed);
  }
  void AddLine(const Placed& placed) {
    const Delivery& delivery = *placed.delivery;
    const bool dropped = delivery.kind == DeliveryKind::kDropped;
    const std::string who = delivery.rec.has_value() ? RecText(history_, delivery.rec)
                            : dropped                ? "dropped"
                            : delivery.id_hash != 0  ? PaymentIdText(history_, delivery.id_hash) + " (no rec)"
                                                     : "no rec";
    const std::string where = placed.offset < 0 ? "no position"
                              : sought_.offset < 0
                                  ? fmt::format("partition {} offset {}", placed.partition, placed.offset)
                                  : fmt::format("offset {}", placed.offset);
    lines_.push_back(fmt::format("  {} {}{}  {}  {}  connection {}", IsSought(placed) ? '>' : ' ', where,
                                 placed.offset >= 0 && delivery.offset < 0 ? " (by its rec)" : "",
                                 At(history_, delivery.time_ns), who, delivery.connection + 1));
  }

  const History& history_;
  const Client& client_;
  const Sought sought_;
  std::vector<Placed> received_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> LogNeighbours(const History& history, const Sought& sought) {
  if (sought.offset < 0 || sought.partition < 0 ||
      sought.partition >= static_cast<int32_t>(history.partitions.size())) {
    return {};
  }
  const std::vector<LogRecord>& records = history.partitions[static_cast<size_t>(sought.partition)].records;
  const auto at = std::lower_bound(records.begin(), records.end(), sought.offset,
                                   [](const LogRecord& record, int64_t offset) { return record.offset < offset; });
  std::vector<std::string> lines{fmt::format("Neighbours in the topic, partition {}", sought.partition)};
  const auto from = at - std::min(kNeighbours, at - records.begin());
  const auto to = at + std::min(kNeighbours + 1, records.end() - at);
  for (auto record = from; record != to; ++record) {
    lines.push_back(fmt::format("  {} offset {}  {}  {}  {}", record->offset == sought.offset ? '>' : ' ',
                                record->offset, At(history, record->seen_ns),
                                record->rec.has_value() ? RecText(history, record->rec) : "no rec",
                                PaymentIdText(history, record->id_hash)));
  }
  return lines;
}

std::vector<std::string> ClientNeighbours(const History& history, size_t client, const Sought& sought,
                                          const std::function<const LogIndex&()>& log) {
  return AtClient(history, history.clients[client], sought, PlacedDeliveries(history, client, log)).Lines();
}

}  // namespace harness
