// Records as people send them come out of the stream, of GetPayment and of ListPayments as the payments that they are:
// Stripe's digits make the exact amount, a byte order mark, half a surrogate pair, Razorpay's empty notes, PayPal's
// text of an amount and milliseconds cost no payment.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "payment/codec.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

struct Sent {
  std::string value;
  std::string amount;  // as people see it
};

const std::map<std::string, Sent>& Records() {
  static const auto& records = *new std::map<std::string, Sent>{
      {"ugx",
       {R"({"id":"ugx","provider":"stripe","amount":50000,"currency":"ugx","timestamp":1769853600})", "500 UGX"}},
      {"isk",
       {R"({"id":"isk","provider":" stripe ","amount":50000,"currency":" isk","timestamp":1769853600})", "500 ISK"}},
      {"mga",
       {R"({"id":"mga","provider":"stripe","amount":500,"currency":"mga","timestamp":1769853600})", "500.00 MGA"}},
      {"bom",
       {"\xEF\xBB\xBF"
        R"({"id":"bom","provider":"paypal","amount":"12.50","currency":"USD","timestamp":1769853600123})",
        "$12.50 USD"}},
      {"half",
       {R"({"id":"half","provider":"razorpay","amount":1,"currency":"INR","customer_email":"a\ud83d","metadata":[],)"
        R"("timestamp":1769853600123456})",
        "₹1.00 INR"}},
      {"date",
       {R"({"id":"date","provider":"paypal","amount":1,"currency":"EUR","timestamp":"2026-01-31T10:00:00.123Z"})",
        "€1.00 EUR"}}};
  return records;
}

void ExpectAsSent(const ::payment::Payment& message) {
  const auto sent = Records().find(message.id());
  ASSERT_NE(sent, Records().end()) << message.id();
  const Payment payment = FromProto(message);
  EXPECT_EQ(Display(payment.amount, payment.currency), sent->second.amount);
  EXPECT_TRUE(message.has_exact_amount());
  EXPECT_EQ(message.created_at(), 1'769'853'600) << message.id();
  EXPECT_EQ(message.customer_email(), message.id() == "half" ? "a\uFFFD" : "");
  EXPECT_EQ(message.metadata_size(), 0);
}

TEST(PeopleRecordsTest, ComeOutOfTheStreamOfGetAndOfList) {
  TestKafka kafka(1);
  for (const auto& [id, sent] : Records()) kafka.Produce(0, id, sent.value);
  kafka.Flush();
  PaymentServer server(TestOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));

  TestStream stream(server.port());
  stream.Open();
  const auto events = stream.ReadMany(static_cast<int>(Records().size()));
  ASSERT_EQ(events.size(), Records().size());
  for (const ::payment::PaymentEvent& event : events) ExpectAsSent(event.payment());

  TestUnary unary(server.port());
  ::payment::ListPaymentsRequest request;
  ::payment::PaymentList list;
  ASSERT_TRUE(unary.List(request, &list).ok());
  EXPECT_EQ(static_cast<size_t>(list.payments_size()), Records().size());
  for (const ::payment::Payment& payment : list.payments()) ExpectAsSent(payment);

  ::payment::GetPaymentRequest get;
  get.set_payment_id("ugx");
  ::payment::Payment payment;
  ASSERT_TRUE(unary.Get(get, &payment).ok());
  ExpectAsSent(payment);
  EXPECT_EQ(payment.exact_amount().units(), 50000);
  EXPECT_EQ(payment.exact_amount().exponent(), 2U);
  EXPECT_EQ(payment.amount(), 500.0);
}

}  // namespace
}  // namespace pipeline
