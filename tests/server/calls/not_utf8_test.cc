// A client whose library checks no UTF-8 (Python's, or bytes put together by hand) is told by all methods which text of
// its request is none.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <tuple>

#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

// A message with one field of bytes, as protobuf writes it.
std::string Field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(bytes.size())) + bytes;
}

grpc::Status Call(int port, const std::string& method, const std::string& request) {
  grpc::GenericStub stub(ChannelTo(port));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer message(&slice, 1);
  grpc::ByteBuffer answer;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, "/payment.PaymentService/" + method, grpc::StubOptions(), &message, &answer,
                 [&](const grpc::Status& status) { ended.set_value(status); });
  return ended.get_future().get();
}

struct Sent {
  std::string method;
  std::string request;
  std::string told;
};

class NotUtf8Test : public ::testing::TestWithParam<Sent> {};

TEST_P(NotUtf8Test, IsToldWhichTextItIs) {
  PaymentServer server(MeasuredOptions(NoKafka()));
  server.Start();
  const grpc::Status status = Call(server.port(), GetParam().method, GetParam().request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), GetParam().told);
  // It is a call that came in and ended.
  const std::string ended =
      "payment_server_calls_ended_total{method=\"" + GetParam().method + "\",code=\"INVALID_ARGUMENT\"}";
  EXPECT_EQ(ScrapeMetrics(server.metrics_port())[ended], 1);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, NotUtf8Test,
    ::testing::Values(Sent{"GetPayment", Field(1, "pay_\xff"), "payment_id is not UTF-8"},
                      Sent{"ListPayments", Field(4, "\xc3"), "cursor is not UTF-8"},
                      Sent{"StreamPayments", Field(5, Field(1, "a\xfe")), "resume.log_id is not UTF-8"},
                      Sent{"SubscribePayments", Field(3, Field(1, "\xed\xa0\x80")), "resume.log_id is not UTF-8"}),
    [](const ::testing::TestParamInfo<Sent>& sent) { return sent.param.method; });

TEST(NoRequestTest, IsToldWhichRequestItIsNot) {
  PaymentServer server(TestOptions(NoKafka()));
  server.Start();
  const grpc::Status status = Call(server.port(), "GetPayment", "\x0a\x7f cut off");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "the request is not a GetPaymentRequest");
}

}  // namespace
}  // namespace pipeline
