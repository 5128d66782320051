#include "harness/verify/caught_up.h"

#include <algorithm>
#include <set>
#include <vector>

#include "harness/contract/canonical.h"

namespace harness {
namespace {

const LogRecord* LastFor(const PartitionLog& log, const pipeline::Filter& filter) {
  const auto last = std::find_if(log.records.rbegin(), log.records.rend(), [&](const LogRecord& record) {
    return record.valid && filter.Matches(record.provider, record.status);
  });
  return last == log.records.rend() ? nullptr : &*last;
}

bool IsSame(const LogRecord& record, const Delivery& delivery) {
  if (delivery.rec.has_value()) return record.rec == delivery.rec;
  return record.id_hash == delivery.id_hash &&
         WithoutMetadata(record.content_hash) == WithoutMetadata(delivery.content_hash);
}

}  // namespace

bool CaughtUp(const History& history, const Client& client) {
  std::vector<const LogRecord*> wanted;
  size_t open = 0;
  for (const PartitionLog& log : history.partitions) {
    wanted.push_back(LastFor(log, client.filter));
    if (wanted.back() != nullptr) ++open;
  }
  for (auto delivery = client.deliveries.rbegin(); open > 0 && delivery != client.deliveries.rend(); ++delivery) {
    const auto partition = static_cast<size_t>(delivery->partition);
    if (delivery->partition < 0) {  // a server without positions: the record's own identity, or what it says
      for (const LogRecord*& record : wanted) {
        if (record == nullptr || !IsSame(*record, *delivery)) continue;
        record = nullptr;
        --open;
      }
    } else if (partition < wanted.size() && wanted[partition] != nullptr) {
      // Offsets of a partition ascend: the first one met from the end is how far the client is.
      if (delivery->offset < wanted[partition]->offset) return false;
      wanted[partition] = nullptr;
      --open;
    }
  }
  return open == 0;
}

bool HasSentinels(const History& history, const Client& client) {
  std::vector<bool> has(history.partitions.size());
  std::set<uint64_t> without_position;
  for (auto delivery = client.deliveries.rbegin(); delivery != client.deliveries.rend(); ++delivery) {
    const auto partition = static_cast<size_t>(delivery->partition);
    if (delivery->partition < 0) {
      if (delivery->sentinel) without_position.insert(delivery->rec.bits);
    } else if (partition < has.size() && !has[partition]) {
      // The first one met from the end is the partition's last.
      if (!delivery->sentinel) return false;
      has[partition] = true;
    }
  }
  const auto told = static_cast<size_t>(std::count(has.begin(), has.end(), true));
  return told == has.size() || without_position.size() >= has.size();
}

}  // namespace harness
