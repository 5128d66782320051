// Any bytes as a message of a server's: no crash, each record handed on at most once and in order, none from a place
// that no topic has, and a bookmark never takes the position back.
#include <cstdint>
#include <cstdlib>
#include <map>

#include "client/delivery.h"
#include "client/token.h"

namespace {

class Strict : public pipeline::SubscriptionObserver {
 public:
  void OnEvent(const pipeline::ReceivedEvent& event) override { Advance(event.partition, event.offset); }
  void OnSkipped(const pipeline::ReceivedEvent& event) override { Advance(event.partition, event.offset); }
  void OnBookmark(const pipeline::ReceivedBookmark& bookmark) override {
    for (const auto& [partition, offset] : bookmark.positions) Advance(partition, offset);
  }

 private:
  void Advance(int32_t partition, int64_t offset) {
    if (!pipeline::IsPosition(partition, offset)) std::abort();
    const auto [at, is_first] = last_.try_emplace(partition, offset);
    if (!is_first && offset <= at->second) std::abort();
    at->second = offset;
  }
  std::map<int32_t, int64_t> last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  payment::PaymentBatch batch;
  if (!batch.ParseFromArray(data, static_cast<int>(size))) return 0;
  Strict strict;
  pipeline::Delivery delivery({}, "", &strict);
  pipeline::ParsedStart start;
  start.server_id = "fuzz";
  start.token.log_id = "log";
  start.token.partitions[0] = {};
  delivery.BeginAttempt();
  delivery.Started("fuzz", &start, nullptr);
  payment::PaymentBatch again = batch;
  const bool believed = !delivery.Take(&batch);
  delivery.HandOn("fuzz");
  if (believed != !delivery.Take(&again)) std::abort();
  delivery.HandOn("fuzz");
  return 0;
}
