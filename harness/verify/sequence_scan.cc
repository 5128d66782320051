#include "harness/verify/sequence_scan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

namespace harness {
namespace {

struct Key {
  uint32_t scope = 0;
  int32_t partition = -1;
  int64_t offset = -1;
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  size_t operator()(const Key& key) const {
    uint64_t hash = static_cast<uint64_t>(key.offset) * 0x9E37'79B9'7F4A'7C15;
    hash ^= (uint64_t{key.scope} << 32) | static_cast<uint32_t>(key.partition);
    return static_cast<size_t>(hash * 0xD6E8'FEB8'6659'FD93 ^ hash >> 32);
  }
};

// The greatest offset so far in each partition of the scope at hand, and which delivery had it.
class Maxima {
 public:
  struct Maximum {
    int64_t offset = -1;
    size_t delivery = 0;
  };
  Maximum& At(const Key& key) {
    if (key.scope != scope_) {
      scope_ = key.scope;
      known_.clear();
      stray_.clear();
    }
    const auto p = static_cast<size_t>(key.partition);
    if (key.partition < 0 || p >= kDense) return stray_[key.partition];  // nonsense, but no reason to fall over
    if (p >= known_.size()) known_.resize(p + 1);
    return known_[p];
  }

 private:
  static constexpr size_t kDense = 1024;
  uint32_t scope_ = 0;
  std::vector<Maximum> known_;
  std::map<int32_t, Maximum> stray_;
};

class Scanner {
 public:
  Scanner(const LogIndex& log, const ClientView& view) : log_(log), view_(view) {}

  SequenceScan Scan() {
    FindSuspects();
    if (!suspects_.empty()) Classify();
    return std::move(scan_);
  }

 private:
  struct Suspect {
    bool handed_on = false;
    bool on_wire = false;
    size_t first = 0;         // delivery
    uint32_t connection = 0;  // of the last time on the wire
  };

  std::optional<Key> KeyOf(size_t i) const {
    const Delivery& delivery = view_.client().deliveries[i];
    if (delivery.offset >= 0) return Key{view_.scope(i), delivery.partition, delivery.offset};
    const LogPlace place = view_.place(i);
    if (place == kNoPlace || view_.may_be_unread(i)) return std::nullopt;
    return Key{view_.scope(i), log_.partition(place), log_.record(place).offset};
  }
  // A snapshot of a server without positions comes in any order.
  bool HasOrder(size_t i) const {
    const Delivery& delivery = view_.client().deliveries[i];
    return delivery.offset >= 0 || (view_.kind(i) == DeliveryKind::kNew && view_.place_is_certain(i));
  }

  void FindSuspects() {
    Maxima maxima;
    const auto& deliveries = view_.client().deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const auto key = KeyOf(i);
      if (!key) {
        ++scan_.unknown;
        continue;
      }
      ++scan_.judged;
      if (deliveries[i].kind == DeliveryKind::kDropped) {
        suspects_.try_emplace(*key);
        continue;
      }
      auto& maximum = maxima.At(*key);
      if (key->offset <= maximum.offset) suspects_.try_emplace(*key);
      maximum.offset = std::max(maximum.offset, key->offset);
    }
  }

  void Classify() {
    Maxima ordered;
    const auto& deliveries = view_.client().deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const auto key = KeyOf(i);
      if (!key) continue;
      const Delivery& delivery = deliveries[i];
      auto& maximum = ordered.At(*key);
      const auto found = suspects_.find(*key);
      if (found != suspects_.end()) {
        Suspect& suspect = found->second;
        if (delivery.kind == DeliveryKind::kDropped) {
          ClassifyDropped(i, *key, suspect, maximum);
        } else if (suspect.handed_on) {
          scan_.offences.push_back({OffenceKind::kRepeat, i, suspect.first});
        } else if (HasOrder(i) && key->offset < maximum.offset) {
          scan_.offences.push_back({OffenceKind::kBackward, i, maximum.delivery});
        }
        if (!suspect.on_wire) suspect.first = i;
        suspect.on_wire = true;
        suspect.connection = delivery.connection;
        if (delivery.kind != DeliveryKind::kDropped) suspect.handed_on = true;
      }
      if (delivery.kind != DeliveryKind::kDropped && HasOrder(i) && key->offset > maximum.offset) {
        maximum = {key->offset, i};
      }
    }
  }

  void ClassifyDropped(size_t i, const Key& key, const Suspect& suspect, const Maxima::Maximum& maximum) {
    const Client& client = view_.client();
    const Delivery& delivery = client.deliveries[i];
    if (delivery.connection >= client.connections.size()) return;
    const Connection& connection = client.connections[delivery.connection];
    if (suspect.on_wire && suspect.connection == delivery.connection) {
      scan_.offences.push_back({OffenceKind::kWireRepeat, i, suspect.first});
      return;
    }
    if (!connection.has_start) return;  // nothing was declared
    const bool declared = key.offset > StartOf(connection, key.partition).after;
    if (!suspect.on_wire) {
      if (declared && key.offset < maximum.offset) {
        scan_.offences.push_back({OffenceKind::kWireBackward, i, maximum.delivery});
      } else if (!declared) {
        scan_.offences.push_back({OffenceKind::kWireRepeat, i, i});
      }
    } else if (!declared) {
      scan_.offences.push_back({OffenceKind::kWireRepeat, i, suspect.first});
    }
  }

  const LogIndex& log_;
  const ClientView& view_;
  SequenceScan scan_;
  std::unordered_map<Key, Suspect, KeyHash> suspects_;
};

}  // namespace

SequenceScan ScanSequence(const LogIndex& log, const ClientView& view) { return Scanner(log, view).Scan(); }

}  // namespace harness
