// The ceiling of the fan-out: writes one shared, ready-made event a number of times to each subscriber, once all have
// come, and as fast as each takes it.
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <vector>

#include "benchmarks/bare/shared/bare_service.h"
#include "benchmarks/bare/shared/bench.h"
#include "benchmarks/bare/shared/ready_events.h"
#include "producer/payment_maker.h"

namespace {

class Stream : public bench::BareService::Reactor {
 public:
  Stream(const grpc::ByteBuffer* event, int64_t times) : event_(event), left_(times) { StartSendInitialMetadata(); }
  // Once, from any thread.
  void Begin() { Write(); }
  void OnWriteDone(bool ok) override {
    if (ok && left_ > 0) Write();
  }
  void OnDone() override { delete this; }

 private:
  void Write() {
    --left_;
    grpc::WriteOptions options;
    // A hint on the first message would keep the headers back.
    if (wrote_ && left_ > 0) options.set_buffer_hint();
    wrote_ = true;
    StartWrite(event_, options);
  }

  const grpc::ByteBuffer* const event_;
  int64_t left_;
  bool wrote_ = false;
};

struct Options {
  int64_t events = 0;
};

void Run(const Options& options) {
  pipeline::PaymentMaker maker({1, "bench.feed", 1, 1, 1});
  std::string value;
  const pipeline::MadeRecord made = maker.Make(1'700'000'000, &value);
  std::string framed;
  bench::ReadyEvents().AppendFramed(made.key, value, 0, 1000, 1'700'000'000, &framed);
  const grpc::Slice slice{std::string(bench::WithoutFrame(framed))};
  const grpc::ByteBuffer event(&slice, 1);

  std::mutex mutex;
  std::vector<Stream*> streams;
  bench::BareService service([&] {
    const std::lock_guard lock(mutex);
    streams.push_back(new Stream(&event, options.events));
    return streams.back();
  });
  const std::unique_ptr<grpc::Server> server = bench::Serve(&service);
  // A byte of input begins it.
  char go = 0;
  if (read(STDIN_FILENO, &go, 1) == 1) {
    const std::lock_guard lock(mutex);
    for (Stream* stream : streams) stream->Begin();
  }
  bench::WaitForInputEnd();
  _exit(0);  // nobody waits for streams that are still open
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Writes one shared event to all subscribers.",
      [&](CLI::App* app) { app->add_option("--events", options.events, "To each subscriber")->required(); },
      [&] { Run(options); });
}
