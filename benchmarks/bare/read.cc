// The bare client of the pipeline's benchmark: subscribes a number of times, each on a connection and a thread of its
// own, takes the messages as bytes, counts the events, and finds the planned time in payment ids that carry it.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/sync_stream.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "benchmarks/bare/shared/bench.h"
#include "common/clock.h"
#include "payment.grpc.pb.h"

namespace {

constexpr std::string_view kMarker = "lat-";
constexpr size_t kMarkerDigits = 16;
constexpr size_t kMarkerWithin = 64;  // the payment's id stands first
constexpr int kReconnectMs = 100;     // to a server that is still to come

struct Options {
  std::string server;
  int streams = 1;
  int64_t events = 0;
  int64_t skip = 0;
  std::string rpc = "stream";
  std::string log_id;
  int64_t after = -1;
  int32_t partitions = 1;
  bool latency = false;
};

struct Received {
  int64_t events = 0;
  int64_t messages = 0;
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  std::vector<int64_t> latencies_ns;
  grpc::Status status;
};

grpc::ByteBuffer Request(const Options& options) {
  ::payment::ResumeToken token;
  token.set_log_id(options.log_id);  // a partition that is not in a token starts at its beginning
  for (int32_t partition = 0; options.after >= 0 && partition < options.partitions; ++partition) {
    ::payment::PartitionResume* resume = token.add_partitions();
    resume->set_partition(partition);
    resume->set_after(options.after);
  }
  std::string bytes;
  if (options.rpc == "stream") {
    ::payment::ListPaymentsRequest request;
    if (!options.log_id.empty()) *request.mutable_resume() = token;
    bytes = request.SerializeAsString();
  } else {
    ::payment::SubscribeRequest request;
    if (!options.log_id.empty()) *request.mutable_resume() = token;
    bytes = request.SerializeAsString();
  }
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

// The events of a serialised PaymentBatch: its members with field number 1.
int64_t CountEvents(std::string_view batch) {
  int64_t events = 0;
  for (size_t at = 0; at < batch.size();) {
    if (batch[at++] == '\x0a') ++events;
    size_t length = 0;
    for (int shift = 0; at < batch.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(batch[at++]);
      length |= size_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    at += length;
  }
  return events;
}

void TakeLatency(std::string_view message, int64_t now_ns, Received* received) {
  const std::string_view begin = message.substr(0, kMarkerWithin);
  const size_t at = begin.find(kMarker);
  if (at == std::string_view::npos || at + kMarker.size() + kMarkerDigits > message.size()) {
    throw std::runtime_error("an event without a planned time");
  }
  const char* digits = message.data() + at + kMarker.size();
  int64_t planned_ns = 0;
  std::from_chars(digits, digits + kMarkerDigits, planned_ns, 16);
  received->latencies_ns.push_back(now_ns - planned_ns);
}

class Reader {
 public:
  explicit Reader(const Options& options)
      : options_(options),
        method_(options.rpc == "stream" ? "/payment.PaymentService/StreamPayments"
                                        : "/payment.PaymentService/SubscribePayments",
                grpc::internal::RpcMethod::SERVER_STREAMING) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
    channel_ = grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), arguments);
  }

  void Start() {
    context_.set_wait_for_ready(true);
    stream_.reset(grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel_.get(), method_, &context_,
                                                                                Request(options_)));
  }
  void AwaitBegin() { stream_->WaitForInitialMetadata(); }

  void Read() {
    grpc::ByteBuffer buffer;
    while ((options_.events == 0 || received_.events < options_.events) && stream_->Read(&buffer)) {
      const int64_t now_ns = options_.latency ? pipeline::MonotonicNs() : 0;
      if (received_.messages++ == 0) received_.first_ns = pipeline::MonotonicNs();
      if (options_.rpc == "stream") {
        ++received_.events;
        if (options_.latency && received_.events > options_.skip) TakeLatency(View(buffer), now_ns, &received_);
      } else {
        received_.events += CountEvents(View(buffer));
      }
    }
    received_.last_ns = pipeline::MonotonicNs();
    if (options_.events == 0 || received_.events < options_.events) received_.status = stream_->Finish();
  }

  const Received& received() const { return received_; }

 private:
  // Valid until the next call.
  std::string_view View(const grpc::ByteBuffer& buffer) {
    if (!buffer.TrySingleSlice(&slice_).ok()) buffer.DumpToSingleSlice(&slice_);
    return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()};
  }

  const Options& options_;
  const grpc::internal::RpcMethod method_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> stream_;
  grpc::Slice slice_;
  Received received_;
};

int64_t Percentile(const std::vector<int64_t>& sorted, double fraction) {
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(fraction * static_cast<double>(sorted.size() - 1))];
}

void Report(const std::vector<std::unique_ptr<Reader>>& readers) {
  Received total;
  for (const auto& reader : readers) {
    const Received& received = reader->received();
    total.events += received.events;
    total.messages += received.messages;
    total.first_ns = total.first_ns == 0 ? received.first_ns : std::min(total.first_ns, received.first_ns);
    total.last_ns = std::max(total.last_ns, received.last_ns);
    total.latencies_ns.insert(total.latencies_ns.end(), received.latencies_ns.begin(), received.latencies_ns.end());
    if (!received.status.ok()) total.status = received.status;
  }
  std::sort(total.latencies_ns.begin(), total.latencies_ns.end());
  bench::Say(fmt::format(
      R"({{"events": {}, "messages": {}, "first_ns": {}, "last_ns": {}, "samples": {}, "p50_ns": {}, "p99_ns": {}, "p999_ns": {}, "code": {}}})",
      total.events, total.messages, total.first_ns, total.last_ns, total.latencies_ns.size(),
      Percentile(total.latencies_ns, 0.5), Percentile(total.latencies_ns, 0.99), Percentile(total.latencies_ns, 0.999),
      static_cast<int>(total.status.error_code())));
}

void Run(const Options& options) {
  std::vector<std::unique_ptr<Reader>> readers;
  readers.reserve(static_cast<size_t>(options.streams));
  for (int i = 0; i < options.streams; ++i) readers.push_back(std::make_unique<Reader>(options));
  for (const auto& reader : readers) reader->Start();
  for (const auto& reader : readers) reader->AwaitBegin();
  bench::Say(R"({"started": true})");
  std::vector<std::thread> threads;
  threads.reserve(readers.size());
  for (const auto& reader : readers) threads.emplace_back([&reader] { reader->Read(); });
  if (options.events == 0) {
    bench::WaitForInputEnd();
    _exit(0);
  }
  for (std::thread& thread : threads) thread.join();
  Report(readers);
  std::fflush(stdout);
  _exit(0);  // streams that are still open end with their connections
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Subscribes and counts.",
      [&](CLI::App* app) {
        app->add_option("--server", options.server, "HOST:PORT")->required();
        app->add_option("--streams", options.streams, "Subscribers")->check(CLI::Range(1, 10'000));
        app->add_option("--events", options.events, "Of each stream, until it ends; 0: until standard input closes");
        app->add_option("--skip", options.skip, "Events at the beginning that are no latency samples");
        app->add_option("--rpc", options.rpc)->check(CLI::IsMember({"stream", "subscribe"}));
        app->add_option("--log-id", options.log_id, "Every record of this log, instead of a snapshot");
        app->add_option("--after", options.after, "With --log-id: only what follows this offset");
        app->add_option("--partitions", options.partitions, "In which --after is meant, from 0");
        app->add_flag("--latency", options.latency, "Payment ids carry the planned time");
      },
      [&] { Run(options); });
}
