#include "harness/verify/wanted_contents.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "harness/verify/log_index.h"

namespace harness {
namespace {

class Finder {
 public:
  explicit Finder(const History& history) : history_(history) {
    const bool by_rec = std::any_of(history.clients.begin(), history.clients.end(), [](const Client& client) {
      return std::any_of(client.deliveries.begin(), client.deliveries.end(),
                         [](const Delivery& delivery) { return delivery.offset < 0; });
    });
    if (by_rec) index_.emplace(history);
  }

  WantedContents Find() {
    for (const Client& client : history_.clients) FindInClient(client);
    FindInTopic();
    FindInSends();
    size_t found = 0;
    for (const UnaryRead& read : history_.reads) {
      const LogRecord* record = At(read.partition, read.offset);
      const bool differs = record != nullptr && read.content_hash != 0 && read.content_hash != record->content_hash;
      if (differs && found++ < kWantedOfOneMax) Want(read.partition, *record, 0);
    }
    return std::move(wanted_);
  }

 private:
  const LogRecord* At(int32_t partition, int64_t offset) const {
    if (partition < 0 || static_cast<size_t>(partition) >= history_.partitions.size() || offset < 0) return nullptr;
    return history_.partitions[static_cast<size_t>(partition)].Find(offset);
  }

  void Want(int32_t partition, const LogRecord& record, uint64_t hash) {
    wanted_.places.emplace(partition, record.offset);
    if (hash != 0) wanted_.hashes.insert(hash);
  }

  void FindInClient(const Client& client) {
    size_t found = 0;
    for (const Delivery& delivery : client.deliveries) {
      if (found >= kWantedOfOneMax) return;
      if (delivery.kind == DeliveryKind::kDropped) continue;
      int32_t partition = delivery.partition;
      const LogRecord* record = At(partition, delivery.offset);
      if (delivery.offset < 0 && index_) {
        const auto places = delivery.rec.has_value() ? std::vector<LogPlace>(index_->Places(delivery.rec).begin(),
                                                                             index_->Places(delivery.rec).end())
                                                     : index_->PlacesOfContent(delivery.id_hash, delivery.content_hash);
        if (places.empty()) {
          ++found;
          wanted_.hashes.insert(delivery.content_hash);
          continue;
        }
        record = &index_->record(places[0]);
        partition = index_->partition(places[0]);
      }
      const bool same = record != nullptr && record->valid && record->content_hash == delivery.content_hash;
      if (same) continue;
      ++found;
      if (record != nullptr) Want(partition, *record, delivery.content_hash);
      if (record == nullptr) wanted_.hashes.insert(delivery.content_hash);
    }
  }

  void FindInTopic() {
    size_t found = 0;
    for (size_t p = 0; p < history_.partitions.size(); ++p) {
      for (const LogRecord& record : history_.partitions[p].records) {
        const Send* send = FindSend(history_, record.rec);
        const bool told = send != nullptr && send->sent_ns != 0;
        const bool changed = told && record.content_hash != send->content_hash;
        if ((changed || record.key_differs) && found++ < kWantedOfOneMax) {
          Want(static_cast<int32_t>(p), record, told ? send->content_hash : 0);
        }
      }
    }
  }

  void FindInSends() {
    size_t found = 0;
    for (const Producer& producer : history_.producers) {
      for (const Send& send : producer.sends) {
        if (send.sent_ns == 0 || send.outcome != Outcome::kOk || send.content_hash == 0) continue;
        const LogRecord* record = At(send.partition, send.offset);
        const bool changed = record != nullptr && record->content_hash != send.content_hash;
        if (changed && found++ < kWantedOfOneMax) Want(send.partition, *record, send.content_hash);
      }
    }
  }

  const History& history_;
  std::optional<LogIndex> index_;
  WantedContents wanted_;
};

}  // namespace

WantedContents FindWantedContents(const History& history) {
  if (!history.audited) return {};
  return Finder(history).Find();
}

}  // namespace harness
