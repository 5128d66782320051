// Who looks for the slow subscriber finds it at the top of /streams: who it is, how far behind, and since when it takes
// nothing. However many streams there are, the page has its size.
#include "server/ops/streams_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/server/calls/stuck_client.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kStream[] = "payment.PaymentService/StreamPayments";
constexpr char kSubscribe[] = "payment.PaymentService/SubscribePayments";

std::string Body(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

// The words of each row, without the headings.
std::vector<std::vector<std::string>> TableRows(const std::string& table) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(table);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with("127.")) continue;
    std::istringstream words(line);
    std::vector<std::string>& row = rows.emplace_back();
    for (std::string word; words >> word;) row.push_back(word);
  }
  return rows;
}
// Of a row: where they stand.
enum Column : uint8_t { kPeer, kNumber, kAge, kMethod, kBegins, kFilter, kState, kBehind, kEvents, kBytes, kStuck };

TEST(StreamsTableTest, SaysOfEachWhoItIsAndHowFar) {
  StreamRows rows;
  rows.now_ns = 100'000'000'000;
  rows.streams = 102;
  StreamRow row;
  row.facts = {.peer = "2001:db8::/64",
               .started_ns = 58'000'000'000,
               .begins = "token",
               .batched = true,
               .filter = {Provider::kStripe, PaymentStatus::kCompleted}};
  row.progress = {.stage = CallProgress::Stage::kLive,
                  .queued = 3,
                  .waiting_bytes = 4096,
                  .write_since_ns = 97'500'000'000,
                  .subscription = 7};
  row.behind_records = 1234;
  row.fell_off = true;
  rows.rows.push_back(row);
  row.facts.peer = "10.0.0.7";
  row.facts.filter = {};
  row.progress = {.stage = CallProgress::Stage::kStarting};
  row.behind_records.reset();
  row.fell_off = false;
  rows.rows.push_back(row);
  EXPECT_EQ(StreamsTable(rows),
            "102 streams, the slowest first; --slow-subscriber=catch-up\n\n"
            "PEER                                      STREAM     AGE_S METHOD            BEGINS   FILTER             "
            "STATE           BEHIND  EVENTS      BYTES  STUCK_S\n"
            "2001:db8::/64                                  7      42.0 SubscribePayments token    STRIPE,COMPLETED   "
            "fallen-off        1234       3       4096      2.5\n"
            "10.0.0.7                                       0      42.0 SubscribePayments token    any                "
            "starting             -       0          0      0.0\n"
            "... and 100 more\n");
  EXPECT_EQ(StreamsJson(rows),
            R"({"streams":102,"left_out":100,"slow_subscriber":"catch-up","rows":[)"
            "\n"
            R"({"peer":"2001:db8::/64","stream":7,"age_s":42.0,"method":"SubscribePayments","begins":"token",)"
            R"("filter":"STRIPE,COMPLETED","state":"fallen-off","behind_records":1234,"events":3,"bytes":4096,)"
            R"("stuck_s":2.5},)"
            "\n"
            R"({"peer":"10.0.0.7","stream":0,"age_s":42.0,"method":"SubscribePayments","begins":"token",)"
            R"("filter":"any","state":"starting","behind_records":null,"events":0,"bytes":0,"stuck_s":0.0}]})"
            "\n");
}

class StreamsPageTest : public ::testing::Test {
 protected:
  StreamsPageTest() : kafka_(2) {}
  void StartServer(int64_t window_bytes_max = 256'000'000) {
    kafka_.ProducePayment(0, "pay_0");
    kafka_.ProducePayment(1, "pay_1");
    kafka_.Flush();
    ServerOptions options = MeasuredOptions(kafka_.settings());
    options.window_bytes_max = window_bytes_max;
    server_ = std::make_unique<PaymentServer>(options);
    server_->Start();
    ASSERT_TRUE(Eventually([&] { return server_->serving(); }));
  }
  std::string Page(const std::string& query = "") const { return HttpGet(server_->metrics_port(), "/streams" + query); }
  std::vector<std::vector<std::string>> Rows() const { return TableRows(Body(Page())); }

  TestKafka kafka_;
  std::unique_ptr<PaymentServer> server_;
};

TEST_F(StreamsPageTest, OneThatDoesNotReadIsFirstWithItsLag) {
  StartServer();
  ::payment::SubscribeRequest request;
  request.set_live_only(true);
  request.set_max_batch_events(1);
  request.set_provider(::payment::PROVIDER_STRIPE);
  TestStream reading(server_->port());
  reading.Open();
  reading.ReadMany(2);
  StuckClient stuck(server_->port(), StuckClient::Window::kNone);
  stuck.Call(kSubscribe, request.SerializeAsString());
  ASSERT_TRUE(Eventually([&] { return Rows().size() == 2; }));
  for (int i = 0; i < 100; ++i) kafka_.ProducePayment(i % 2, "more_" + std::to_string(i));
  kafka_.Flush();
  reading.ReadMany(100);
  // gRPC has taken a message of it, or some, and no more.
  ASSERT_TRUE(Eventually([&] { return !Rows().empty() && Rows()[0][kStuck] != "0.0"; }));
  ASSERT_TRUE(Eventually([&] { return Rows().size() == 2 && Rows()[1][kBehind] == "0"; })) << Page();
  const std::vector<std::vector<std::string>> rows = Rows();
  EXPECT_EQ(rows[0][kPeer], "127.0.0.1");
  EXPECT_EQ(rows[0][kNumber], "2");
  EXPECT_EQ(rows[0][kMethod], "SubscribePayments");
  EXPECT_EQ(rows[0][kBegins], "live");
  EXPECT_EQ(rows[0][kFilter], "STRIPE");
  EXPECT_EQ(rows[0][kState], "live");
  EXPECT_GT(std::stoll(rows[0][kBehind]), 0);
  EXPECT_LT(std::stoll(rows[0][kBehind]), 100);
  EXPECT_GT(std::stoll(rows[0][kBytes]), 50) << "a message and an event";
  EXPECT_EQ(rows[1][kNumber], "1");
  EXPECT_EQ(rows[1][kMethod], "StreamPayments");
  EXPECT_EQ(rows[1][kBegins], "snapshot");
  EXPECT_EQ(rows[1][kStuck], "0.0");
  // Nothing of a payment is on it.
  for (const char* query : {"", "?format=json"}) {
    EXPECT_THAT(Page(query), Not(HasSubstr("pay_")));
    EXPECT_THAT(Page(query), Not(HasSubstr("example.com")));
  }
}

TEST_F(StreamsPageTest, OneThatHasLeftTheWindowIsToldAsSuch) {
  StartServer(20'000);
  StuckClient stuck(server_->port(), StuckClient::Window::kNone);
  stuck.Call(kStream, "");
  ASSERT_TRUE(Eventually([&] { return Rows().size() == 1; }));
  for (int i = 0; i < 1'000; ++i) kafka_.ProducePayment(i % 2, "more_" + std::to_string(i));
  kafka_.Flush();
  ASSERT_TRUE(Eventually([&] { return Rows()[0][kState] == "fallen-off"; })) << Page();
  ASSERT_TRUE(Eventually([&] { return std::stoll(Rows()[0][kBehind]) > 500; })) << Page();
}

TEST_F(StreamsPageTest, AThousandStreamsAreAHundredRows) {
  StartServer();
  StuckClient many(server_->port(), StuckClient::Window::kAll);
  constexpr int kStreams = 1'000;
  for (int i = 0; i < kStreams; ++i) many.Call(kStream, "");
  ASSERT_TRUE(Eventually([&] { return Page().find("\n1000 streams, ") != std::string::npos; })) << Page();
  EXPECT_EQ(Rows().size(), kStreamRowsMax);
  EXPECT_THAT(Page(), HasSubstr("... and 900 more\n"));
  EXPECT_LT(Page().size(), 20'000u);
  const std::string json = Page("?format=json");
  EXPECT_THAT(json, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(json, HasSubstr(R"({"streams":1000,"left_out":900,)"));
  EXPECT_LT(json.size(), 30'000u);
}

TEST_F(StreamsPageTest, IsNamedAtTheRoot) {
  StartServer();
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/"), HasSubstr("/streams"));
  EXPECT_THAT(HttpGet(server_->metrics_port(), "/"), HasSubstr("/metrics"));
  EXPECT_THAT(Page("?format=jsonx"), HasSubstr("Content-Type: text/plain"));
}

}  // namespace
}  // namespace pipeline
