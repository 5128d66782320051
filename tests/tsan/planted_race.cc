// A race on purpose, where ours would be: in code of ours that gRPC's threads run. Two calls are inside the handler at
// once and change the same number, and the same vector, without a lock. ThreadSanitizer must report both
// (planted_race_test). They race again and again: of two accesses in the very same moment it may see neither before the
// other, and report none.
#include <grpcpp/grpcpp.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "payment.grpc.pb.h"

namespace {

constexpr int kCalls = 2;
constexpr int kRounds = 50;
constexpr std::chrono::seconds kPatience{20};

struct Shared {
  int64_t number = 0;
  std::vector<int> values;
};

[[gnu::noinline]] void PlantedRaceOnNumber(Shared* shared) { ++shared->number; }
// Room was made before, so that what races is the vector's own bookkeeping and nothing is freed.
[[gnu::noinline]] void PlantedRaceOnVector(Shared* shared) { shared->values.push_back(1); }

class RacingService : public payment::PaymentService::CallbackService {
 public:
  RacingService() { shared_.values.reserve(size_t{2} * kCalls * kRounds); }

  grpc::ServerUnaryReactor* GetPayment(grpc::CallbackServerContext* context, const payment::GetPaymentRequest*,
                                       payment::Payment*) override {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (int round = 1; round <= kRounds; ++round) {
      // Both calls are here before either goes on. Relaxed: the meeting itself must not order the two.
      arrived_.fetch_add(1, std::memory_order_relaxed);
      while (arrived_.load(std::memory_order_relaxed) < kCalls * round && std::chrono::steady_clock::now() < deadline) {
        sched_yield();
      }
      PlantedRaceOnNumber(&shared_);
      PlantedRaceOnVector(&shared_);
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  std::atomic<int> arrived_{0};
  Shared shared_;
};

}  // namespace

int main() {
  RacingService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 3;
  std::vector<std::thread> callers;
  std::atomic<int> failed{0};
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back([&, i] {
      grpc::ChannelArguments arguments;
      arguments.SetInt("planted.channel", i);  // a connection of its own
      const auto channel =
          grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments);
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + 2 * kPatience);
      payment::GetPaymentRequest request;
      payment::Payment payment;
      if (!payment::PaymentService::NewStub(channel)->GetPayment(&context, request, &payment).ok()) ++failed;
    });
  }
  for (std::thread& caller : callers) caller.join();
  server->Shutdown();
  std::cout << "calls failed: " << failed << "\n";
  return failed == 0 ? 0 : 1;
}
