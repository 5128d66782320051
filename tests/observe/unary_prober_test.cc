// The prober tells what the servers answered and never what its own connection did: a server that was away is asked
// again as soon as it is back, although calls to it have failed at once meanwhile.
#include "harness/observe/unary_prober.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/observe/log_lines.h"
#include "observe_testing.h"
#include "payment.grpc.pb.h"

namespace harness {
namespace {

constexpr int kWaitSeconds = 30;
constexpr uint8_t kOk = 0;
constexpr uint8_t kUnavailable = 14;

class Answering final : public ::payment::PaymentService::Service {
  grpc::Status GetPayment(grpc::ServerContext*, const ::payment::GetPaymentRequest* request,
                          ::payment::Payment* answer) override {
    answer->set_id(request->payment_id());
    return grpc::Status::OK;
  }
};

class UnaryProberTest : public ::testing::Test {
 protected:
  // At `port`, 0: a free one, which it then is.
  std::unique_ptr<grpc::Server> Serve(int* port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(*port), grpc::InsecureServerCredentials(), port);
    builder.RegisterService(&service_);
    return builder.BuildAndStart();
  }
  int64_t CountOf(uint8_t code) {
    int64_t count = 0;
    recorder_.Read([&](const History& history) {
      count = std::count_if(history.reads.begin(), history.reads.end(),
                            [&](const UnaryRead& read) { return read.code == code; });
    });
    return count;
  }
  // One client whose stream from `address` is open and has brought one payment.
  void Stream(const std::string& address) {
    recorder_.AddClient(NamedClient("one"));
    recorder_.SetPartitions({0}, true);
    Connection connection = ConnectionAt(1'000);
    connection.server = address;
    recorder_.OnConnection(0, connection);
    Delivery delivery = DeliveryAt(0, 0);
    delivery.id_hash = IdHash("pay_1");
    recorder_.OnName(delivery.id_hash, "pay_1");
    recorder_.OnDeliveries(0, std::vector<Delivery>{delivery});
  }

  Answering service_;
  Recorder recorder_{"run", ""};
};

bool Eventually(const std::function<bool()>& condition) {
  const int64_t deadline_ns = SecondsFromNow(kWaitSeconds);
  while (pipeline::MonotonicNs() < deadline_ns) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

TEST_F(UnaryProberTest, AsksAServerThatIsBackAtOnce) {
  int port = 0;
  auto server = Serve(&port);
  ASSERT_NE(server, nullptr);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  Stream(address);
  UnaryProber prober({.servers = {{.name = "server-1", .address = address}}, .interval_ns = 10'000'000}, &recorder_);
  ASSERT_TRUE(Eventually([&] { return CountOf(kOk) > 0; }));
  server->Shutdown();
  server.reset();
  ASSERT_TRUE(Eventually([&] { return CountOf(kUnavailable) > 1; }));
  server = Serve(&port);
  ASSERT_NE(server, nullptr);
  const int64_t answered = CountOf(kOk), failed = CountOf(kUnavailable);
  ASSERT_TRUE(Eventually([&] { return CountOf(kOk) > answered; }));
  // One may have been under way when it came back.
  EXPECT_LE(CountOf(kUnavailable), failed + 1);
}

}  // namespace
}  // namespace harness
