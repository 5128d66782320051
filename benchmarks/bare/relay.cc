// The ceiling of the way Kafka -> one subscriber: consumes ready-made events and forwards them as they are, one a
// message with buffer hints, or up to 64 a message. It starts to consume when its subscriber comes.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

#include "benchmarks/bare/shared/bare_service.h"
#include "benchmarks/bare/shared/bench.h"
#include "benchmarks/bare/shared/ready_events.h"

namespace {

constexpr size_t kQueueMax = 65'536;

std::string_view Value(const rd_kafka_message_t* message) {
  return {static_cast<const char*>(message->payload), message->len};
}

class Relay : public bench::BareService::Reactor {
 public:
  explicit Relay(int batch) : batch_(batch) { StartSendInitialMetadata(); }

  // From the thread that consumes; waits while there is no room.
  void Push(std::vector<rd_kafka_message_t*>* messages) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return queue_.size() < kQueueMax; });
    queue_.insert(queue_.end(), messages->begin(), messages->end());
    messages->clear();
    if (!writing_) WriteNext();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) WriteNext();
  }
  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (queue_.empty()) return;
    buffer_ = batch_ > 1 ? TakeBatch() : TakeOne();
    if (queue_.size() < kQueueMax / 2) room_.notify_one();
    grpc::WriteOptions options;
    // A hint on the first message would keep the headers back.
    if (wrote_ && !queue_.empty()) options.set_buffer_hint();
    wrote_ = true;
    writing_ = true;
    StartWrite(&buffer_, options);
  }

  grpc::ByteBuffer TakeOne() {
    rd_kafka_message_t* message = queue_.front();
    queue_.pop_front();
    const std::string_view event = bench::WithoutFrame(Value(message));
    const grpc::Slice slice(
        const_cast<char*>(event.data()), event.size(),
        [](void* done) { rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(done)); }, message);
    return {&slice, 1};
  }

  grpc::ByteBuffer TakeBatch() {
    const size_t count = std::min(queue_.size(), static_cast<size_t>(batch_));
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) bytes += queue_[i]->len;
    const grpc::Slice slice(bytes);
    auto* at = const_cast<uint8_t*>(slice.begin());
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(at, queue_[i]->payload, queue_[i]->len);
      at += queue_[i]->len;
      rd_kafka_message_destroy(queue_[i]);
    }
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
    return {&slice, 1};
  }

  const int batch_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<rd_kafka_message_t*> queue_;
  grpc::ByteBuffer buffer_;
  bool writing_ = false;
  bool wrote_ = false;
};

struct Options {
  pipeline::KafkaSettings kafka;
  int64_t records = 0;
  int batch = 1;
};

void Run(const Options& options) {
  std::mutex mutex;
  std::condition_variable came;
  Relay* relay = nullptr;
  bench::BareService service([&] {
    const std::lock_guard lock(mutex);
    relay = new Relay(options.batch);
    came.notify_all();
    return relay;
  });
  const std::unique_ptr<grpc::Server> server = bench::Serve(&service);
  {
    std::unique_lock lock(mutex);
    came.wait(lock, [&] { return relay != nullptr; });
  }
  std::vector<rd_kafka_message_t*> batch;
  bench::ReadLog(
      options.kafka, options.records, [&](rd_kafka_message_t* message) { batch.push_back(message); },
      [&] {
        if (!batch.empty()) relay->Push(&batch);
      });
  bench::WaitForInputEnd();
  _exit(0);  // nobody waits for streams that are still open
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Forwards ready-made events from Kafka to one subscriber.",
      [&](CLI::App* app) {
        pipeline::AddKafkaOptions(app, &options.kafka);
        app->add_option("--records", options.records, "Records to forward")->required();
        app->add_option("--batch", options.batch, "Events in a message, at most")->check(CLI::Range(1, 4096));
      },
      [&] { Run(options); });
}
