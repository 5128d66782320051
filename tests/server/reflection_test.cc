// A tool that knows nothing of the contract (grpcurl) finds it by asking the server: its services by name, and the file
// that describes them.
#include <grpcpp/generic/generic_stub.h>

#include <string>

#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

constexpr char kMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// A message with one text field, as protobuf writes it.
std::string TextField(int number, const std::string& text) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(text.size())) + text;
}

// Sends one ServerReflectionRequest and returns the answer's bytes. Packages have no header of the messages, so they
// are written and read as bytes.
class ReflectionClient {
 public:
  explicit ReflectionClient(int port) : stub_(ChannelTo(port)) {}
  ~ReflectionClient() { queue_.Shutdown(); }
  ReflectionClient(const ReflectionClient&) = delete;
  ReflectionClient& operator=(const ReflectionClient&) = delete;

  std::string Ask(const std::string& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto call = stub_.PrepareCall(&context, kMethod, &queue_);
    call->StartCall(this);
    if (!Done()) return "no call";
    const grpc::Slice slice(request);
    call->Write(grpc::ByteBuffer(&slice, 1), this);
    if (!Done()) return "not written";
    grpc::ByteBuffer answer;
    call->Read(&answer, this);
    if (!Done()) return "no answer";
    std::string bytes = BytesOf(answer);
    call->WritesDone(this);
    Done();
    grpc::Status status;
    call->Finish(&status, this);
    Done();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return bytes;
  }

 private:
  bool Done() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
};

TEST(ReflectionTest, NamesTheServicesAndDescribesThem) {
  PaymentServer server(TestOptions(NoKafka()));
  server.Start();
  ReflectionClient client(server.port());

  const std::string services = client.Ask(TextField(7, "*"));  // list_services
  EXPECT_NE(services.find("payment.PaymentService"), std::string::npos) << services;
  EXPECT_NE(services.find("grpc.health.v1.Health"), std::string::npos) << services;

  const std::string file = client.Ask(TextField(4, "payment.PaymentService"));  // file_containing_symbol
  for (const char* name : {"payment.proto", "GetPayment", "ListPayments", "StreamPayments", "SubscribePayments"}) {
    EXPECT_NE(file.find(name), std::string::npos) << name;
  }
}

// gRPC answers health checks by itself and holds no description of them: without ours a tool sees the name and no more.
TEST(ReflectionTest, DescribesHealthChecks) {
  PaymentServer server(TestOptions(NoKafka()));
  server.Start();
  ReflectionClient client(server.port());
  const std::string file = client.Ask(TextField(4, "grpc.health.v1.Health"));
  for (const char* name : {"grpc/health/v1/health.proto", "HealthCheckRequest", "SERVICE_UNKNOWN", "Watch"}) {
    EXPECT_NE(file.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace pipeline
