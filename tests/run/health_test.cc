// A server is ready when its health service says so, or when it answers and has none that tells: not one of a health
// service's refusals is "never ready".
#include "harness/run/health.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "harness/process/ports.h"

namespace harness {
namespace {

// Answers every call with one status.
class Answering : public grpc::CallbackGenericService {
 public:
  explicit Answering(grpc::StatusCode code) : code_(code) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* /*context*/) override {
    class Reactor : public grpc::ServerGenericBidiReactor {
     public:
      explicit Reactor(grpc::StatusCode code) { Finish({code, "no"}); }
      void OnDone() override { delete this; }
    };
    return new Reactor(code_);
  }

 private:
  const grpc::StatusCode code_;
};

Readiness Probed(grpc::StatusCode code) {
  Answering service(code);
  grpc::ServerBuilder builder;
  const std::string address = "127.0.0.1:" + std::to_string(PickFreePort());
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return Readiness::kUnreachable;
  constexpr int kTimeoutMs = 30'000;
  return ProbeServer(address, kTimeoutMs);
}

TEST(HealthTest, ARefusalOfTheHealthServiceIsNoNeverReady) {
  for (const grpc::StatusCode code : {grpc::StatusCode::UNIMPLEMENTED, grpc::StatusCode::NOT_FOUND,
                                      grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::PERMISSION_DENIED}) {
    EXPECT_EQ(Probed(code), Readiness::kNoHealth) << code;
  }
  EXPECT_EQ(Probed(grpc::StatusCode::UNAVAILABLE), Readiness::kUnreachable);
}

TEST(HealthTest, NobodyThereIsUnreachable) {
  EXPECT_EQ(ProbeServer("127.0.0.1:" + std::to_string(PickFreePort()), 2'000), Readiness::kUnreachable);
}

}  // namespace
}  // namespace harness
