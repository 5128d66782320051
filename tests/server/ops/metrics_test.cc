// What a scrape says is what happened: each record, call and stream is counted once, gauges go up and down with what
// they show, the lag goes to 0 and is not 0 before. The text is what promtool accepts, and docs/metrics.md names the
// same metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/ops/metrics_collector.h"
#include "server/ops/metrics_listener.h"
#include "tests/server/ops/scrape.h"
#include "tests/server/program.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

// Output and exit code of a shell command.
std::pair<std::string, int> Shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  for (int c = 0; (c = fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  return {output, pclose(pipe)};
}

TEST(MetricsTest, RecordsAreCountedByOutcome) {
  TestKafka kafka(2);
  for (int i = 0; i < 5; ++i) kafka.ProducePayment(i % 2, "pay_" + std::to_string(i));
  kafka.ProducePayment(0, "pay_0", "completed");
  kafka.Produce(0, "k", "not json at all");
  kafka.Produce(1, "k", "[1,2");
  kafka.Produce(1, "k", std::nullopt);
  kafka.Produce(1, "k", R"({"id":"pay_x","provider":"stripe","amount":-1})");
  kafka.Flush();
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_records_accepted_total"], 6);
  EXPECT_EQ(scrape[R"(payment_server_records_rejected_total{reason="not_json"})"], 2);
  EXPECT_EQ(scrape[R"(payment_server_records_rejected_total{reason="tombstone"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_records_rejected_total{reason="negative_amount"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_records_rejected_total{reason="no_id"})"], 0);
  EXPECT_EQ(scrape["payment_server_records_skipped_total"], 0);
  EXPECT_EQ(scrape["payment_server_partitions"], 2);
  EXPECT_EQ(scrape["payment_server_payments"], 5);
  EXPECT_EQ(scrape["payment_server_window_records"], 6);
  EXPECT_GT(scrape["payment_server_payments_bytes"], 5 * 100);
  EXPECT_GT(scrape["payment_server_window_bytes"], 6 * 100);
  EXPECT_EQ(scrape["payment_server_window_limit_bytes"], 256 * 1024 * 1024);
  EXPECT_EQ(scrape["payment_server_lag_records"], 0);
  EXPECT_EQ(scrape["payment_server_lag_seconds"], 0);
  EXPECT_EQ(scrape[R"(payment_server_partition_lag_records{partition="1"})"], 0);
}

TEST(MetricsTest, KafkaStateIsTold) {
  TestKafka kafka(0, "payments.raw", /*create=*/false);
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  const auto sample = [&](const std::string& name) { return ScrapeMetrics(server.metrics_port())[name]; };
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_kafka_reachable") == 1; }));
  EXPECT_EQ(sample("payment_server_kafka_topic_present"), 0);
  EXPECT_EQ(sample("payment_server_loaded"), 0);
  EXPECT_EQ(sample("payment_server_serving"), 0);
  kafka.CreateTopic(1);
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_serving") == 1; }));
  EXPECT_EQ(sample("payment_server_kafka_topic_present"), 1);
  EXPECT_EQ(sample("payment_server_loaded"), 1);
  kafka.SetBrokerDown(true);
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_kafka_reachable") == 0; }));
  EXPECT_EQ(sample("payment_server_serving"), 0);
  EXPECT_EQ(sample("payment_server_loaded"), 1);
}

TEST(MetricsTest, StreamsAndCallsAreCountedUpAndDown) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestUnary unary(server.port());
  EXPECT_TRUE(unary.Get("pay_1").ok());
  EXPECT_EQ(unary.Get("pay_2").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(unary.Get("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  ::payment::PaymentList list;
  EXPECT_TRUE(unary.List({}, &list).ok());
  auto first = std::make_unique<TestStream>(server.port());
  first->Open();
  EXPECT_EQ(first->ReadMany(1).size(), 1u);
  TestStream second(server.port());
  second.Open();
  EXPECT_EQ(second.ReadMany(1).size(), 1u);
  const auto live = [&] { return ScrapeMetrics(server.metrics_port())[R"(payment_server_streams{stage="live"})"]; };
  ASSERT_TRUE(Eventually([&] { return live() == 2; }));
  kafka.ProducePayment(0, "pay_2");
  kafka.Flush();
  EXPECT_EQ(first->ReadMany(1).size() + second.ReadMany(1).size(), 2u);

  Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_calls_open"], 2);
  EXPECT_EQ(scrape["payment_server_stream_behind_records_max"], 0);
  EXPECT_EQ(scrape["payment_server_events_written_total"], 4);
  EXPECT_GT(scrape["payment_server_events_written_bytes_total"], 4 * 50);
  EXPECT_EQ(scrape[R"(payment_server_calls_started_total{method="GetPayment"})"], 3);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="GetPayment",code="OK"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="GetPayment",code="NOT_FOUND"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="GetPayment",code="INVALID_ARGUMENT"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="ListPayments",code="OK"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_calls_started_total{method="StreamPayments"})"], 2);

  first.reset();  // cancels
  ASSERT_TRUE(Eventually([&] { return live() == 1; }));
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; }));
  second.token().mutable_partitions(0)->set_record_crc32c(1);
  second.Open();
  EXPECT_EQ(second.Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 0; }));
  scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_calls_open"], 0);
  EXPECT_EQ(scrape[R"(payment_server_streams{stage="live"})"], 0);
  EXPECT_EQ(scrape[R"(payment_server_streams_ended_total{reason="client"})"], 2);
  EXPECT_EQ(scrape[R"(payment_server_streams_ended_total{reason="refused"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="StreamPayments",code="CANCELLED"})"], 2);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="StreamPayments",code="FAILED_PRECONDITION"})"], 1);
}

TEST(MetricsTest, WaitingAndRefusedStreamsAreTold) {
  ServerOptions options = MeasuredOptions(NoKafka());
  options.calls_max = 1;
  PaymentServer server(options);
  server.Start();
  TestStream waiting(server.port());
  waiting.Open();
  ASSERT_TRUE(Eventually([&] { return server.open_calls() == 1; }));
  TestStream refused(server.port());
  refused.Open();
  EXPECT_EQ(refused.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape[R"(payment_server_streams{stage="starting"})"], 1);
  EXPECT_EQ(scrape["payment_server_calls_limit"], 1);
  EXPECT_EQ(scrape["payment_server_kafka_topic_present"], 0) << "Kafka has not said so";
  EXPECT_EQ(scrape[R"(payment_server_calls_refused_total{limit="calls"})"], 1);
  EXPECT_EQ(scrape[R"(payment_server_calls_ended_total{method="StreamPayments",code="RESOURCE_EXHAUSTED"})"], 1);
}

// One that reads nothing is behind by what it has not taken, and level again when it has read.
TEST(MetricsTest, ASlowStreamIsBehind) {
  TestKafka kafka(1);
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream slow(server.port());
  slow.Open();
  ASSERT_TRUE(slow.WaitForStart());
  const std::string padding = R"(,"metadata":{"x":")" + std::string(100'000, 'x') + "\"}";
  constexpr int kRecords = 200;  // 20 MB: far more than the connection holds
  for (int i = 0; i < kRecords; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", padding);
  kafka.Flush();
  const auto sample = [&](const std::string& name) { return ScrapeMetrics(server.metrics_port())[name]; };
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_records_accepted_total") == kRecords; }));
  EXPECT_GE(sample("payment_server_stream_behind_records_max"), 100);
  EXPECT_EQ(sample(R"(payment_server_streams_behind{at_least="100"})"), 1);
  EXPECT_EQ(sample(R"(payment_server_streams_behind{at_least="1000"})"), 0);
  EXPECT_EQ(slow.ReadMany(kRecords).size(), static_cast<size_t>(kRecords));
  EXPECT_TRUE(Eventually([&] { return sample("payment_server_stream_behind_records_max") == 0; }));
  EXPECT_EQ(sample(R"(payment_server_streams_behind{at_least="1"})"), 0);
}

TEST(MetricsTest, CaughtUpStreamsAreCounted) {
  TestKafka kafka(1);
  ServerOptions options = MeasuredOptions(kafka.settings());
  options.window_bytes_max = 1;  // the newest record alone
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  kafka.ProducePayment(0, "pay_0");
  kafka.Flush();
  TestStream stream(server.port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).size(), 1u);
  stream.Cancel();
  for (int i = 1; i < 6; ++i) kafka.ProducePayment(0, "pay_" + std::to_string(i));
  kafka.Flush();
  const auto sample = [&](const std::string& name) { return ScrapeMetrics(server.metrics_port())[name]; };
  ASSERT_TRUE(Eventually([&] { return sample("payment_server_records_accepted_total") == 6; }));
  EXPECT_EQ(sample("payment_server_streams_caught_up_total"), 0);
  stream.Open();
  EXPECT_EQ(stream.ReadMany(5).size(), 5u);
  EXPECT_TRUE(Eventually([&] { return sample("payment_server_streams_caught_up_total") == 1; }));
  EXPECT_TRUE(Eventually([&] { return sample("payment_server_catch_up_readers") == 0; }));
  EXPECT_EQ(sample("payment_server_catch_up_waiting"), 0);
  EXPECT_EQ(sample(R"(payment_server_streams{stage="live"})"), 1);
}

// Kafka answers slowly and with one record at a time, so that there is a while in which more is known than applied.
TEST(MetricsTest, TheLagIsSeenAndGoesToZero) {
  TestKafka kafka(2);
  KafkaSettings settings = kafka.settings();
  settings.properties.emplace_back("fetch.message.max.bytes=1");
  PaymentServer server(MeasuredOptions(settings));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  const KafkaPtr<rd_kafka_t> sender =
      MakeKafka(RD_KAFKA_PRODUCER, MakeKafkaConf(kafka.settings(), {{"batch.num.messages", "1"}}));
  const KafkaPtr<rd_kafka_topic_t> topic(rd_kafka_topic_new(sender.get(), "payments.raw", nullptr));
  constexpr int kRecords = 30;
  for (int i = 0; i < kRecords; ++i) {
    std::string value = PaymentJson("pay_" + std::to_string(i));
    ASSERT_EQ(rd_kafka_produce(topic.get(), 1, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), nullptr, 0, nullptr),
              0);
  }
  kafka.SetRoundTripMs(20);
  std::vector<Scrape> behind;
  ASSERT_TRUE(Eventually([&] {
    Scrape scrape = ScrapeMetrics(server.metrics_port());
    const bool done = scrape["payment_server_records_accepted_total"] == kRecords;
    if (scrape["payment_server_lag_records"] > 0) behind.push_back(std::move(scrape));
    return done;
  }));
  ASSERT_FALSE(behind.empty());
  for (const Scrape& scrape : behind) {
    EXPECT_LE(scrape["payment_server_lag_records"] + scrape["payment_server_records_accepted_total"], kRecords + 1);
    EXPECT_EQ(scrape[R"(payment_server_partition_lag_records{partition="0"})"], 0);
    EXPECT_EQ(scrape[R"(payment_server_partition_lag_records{partition="1"})"], scrape["payment_server_lag_records"]);
    EXPECT_EQ(scrape["payment_server_lag_seconds"], scrape[R"(payment_server_partition_lag_seconds{partition="1"})"]);
    EXPECT_LT(scrape["payment_server_lag_seconds"], 60) << "records of this test, not of the year 2023";
  }
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_lag_records"], 0);
  EXPECT_EQ(scrape["payment_server_lag_seconds"], 0);
}

// The mock keeps about 5 MiB of a partition, and the server reads a record per round trip: it is overtaken.
TEST(MetricsTest, RecordsThatWereTrimmedUnreadAreCounted) {
  TestKafka kafka(1);
  KafkaSettings settings = kafka.settings();
  settings.properties.emplace_back("fetch.message.max.bytes=1");
  PaymentServer server(MeasuredOptions(settings));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  // Made before the race begins: where the machine is slow it takes longer than the reading.
  constexpr int kRecords = 40;
  std::vector<std::string> noises;  // that do not compress
  uint32_t random = 1;
  for (int i = 0; i < kRecords; ++i) {
    std::string noise(700'000, 'x');
    for (char& c : noise) c = static_cast<char>('a' + ((random = random * 1664525 + 1013904223) >> 24) % 26);
    noises.push_back(R"(,"metadata":{"x":")" + noise + "\"}");
  }
  kafka.SetRoundTripMs(100);
  for (int i = 0; i < kRecords; ++i) {
    kafka.ProducePayment(0, "pay_" + std::to_string(i), "pending", "stripe", noises[static_cast<size_t>(i)]);
  }
  kafka.Flush();
  Scrape scrape;
  ASSERT_TRUE(Eventually([&] {
    scrape = ScrapeMetrics(server.metrics_port());
    return scrape["payment_server_records_accepted_total"] + scrape["payment_server_records_skipped_total"] == kRecords;
  })) << scrape.text;
  EXPECT_GT(scrape["payment_server_records_skipped_total"], 0);
  EXPECT_GT(scrape["payment_server_records_accepted_total"], 0);
  EXPECT_EQ(scrape["payment_server_lag_records"], 0);
}

// Behind: for as long as the newest applied record is old, or since the partition was last level, or since the start.
TEST(MetricsTest, TheLagInTimeIsReckonedFromTheLatestMomentKnown) {
  Replica replica(1 << 20);
  ServerCounters counters;
  ServerStatus status("", "", 0);
  RejectLog rejects;
  const KafkaReader reader(NoKafka(), &replica, &status, &rejects, nullptr, nullptr, &counters, Tombstones::kReject,
                           [](const std::string&) {});
  const CallHub hub(&replica, 1, 1);
  const CatchUpPool catch_up(NoKafka(), 1, nullptr);
  const ClientPort client_port({}, &counters);
  const MetricsCollector collector(
      {&counters, &replica, &rejects, &reader, &status, &hub, &catch_up, nullptr, nullptr, &client_port});
  const auto lag_seconds = [&] {
    std::vector<double> lags;
    for (const prometheus::MetricFamily& family : collector.Collect()) {
      if (family.name != "payment_server_partition_lag_seconds") continue;
      for (const prometheus::ClientMetric& metric : family.metric) lags.push_back(metric.gauge.value);
    }
    return lags;
  };
  replica.Update([](ReplicaState& state) { state.Start("log", {{0, 10}, {0, 10}, {0, 10}, {0, 0}}); });
  const int64_t now_ms = WallNs() / 1'000'000;
  counters.partitions[0].applied_ms = now_ms - 100'000;
  counters.partitions[1].applied_ms = now_ms - 900'000;
  counters.partitions[1].level_at_ms = now_ms - 300'000;
  std::vector<double> lags = lag_seconds();
  ASSERT_EQ(lags.size(), 4u);
  const auto is_about = [](double seconds) {
    return ::testing::AllOf(::testing::Ge(seconds), ::testing::Lt(seconds + 60));
  };
  EXPECT_THAT(lags[0], is_about(100));
  EXPECT_THAT(lags[1], is_about(300));
  EXPECT_THAT(lags[2], is_about(0));
  EXPECT_THAT(lags[3], is_about(0)) << "nobody tells its end: not known to be level";
  // Level when its end was read: what comes now is not older than that.
  counters.partitions[3].applied_ms = now_ms - 900'000;
  counters.partitions[3].level_at_ms = now_ms;
  replica.Update([](ReplicaState& state) { state.Start("log", {{0, 10}, {0, 10}, {0, 10}, {0, 1}}); });
  EXPECT_THAT(lag_seconds().at(3), is_about(0));
}

TEST(MetricsTest, PromtoolAcceptsTheScrape) {
  if (Shell("command -v promtool").second != 0) GTEST_SKIP() << "promtool (package prometheus) is not installed";
  TestKafka kafka(2);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  PaymentServer server(MeasuredOptions(kafka.settings()));
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  ScrapeMetrics(server.metrics_port());
  const std::string path = ::testing::TempDir() + "/scrape." + std::to_string(getpid()) + ".txt";
  std::ofstream(path) << ScrapeMetrics(server.metrics_port()).text;
  const auto [output, status] = Shell("promtool check metrics < " + path);
  std::remove(path.c_str());
  EXPECT_EQ(status, 0) << output;
  EXPECT_EQ(output, "");
}

TEST(MetricsTest, TheDocumentNamesTheSameMetrics) {
  PaymentServer server(MeasuredOptions(NoKafka()));
  server.Listen();
  ScrapeMetrics(server.metrics_port());
  const std::set<std::string> scraped = ScrapeMetrics(server.metrics_port()).names;
  std::ifstream file(std::string(PIPELINE_SOURCE_DIR) + "/docs/metrics.md");
  std::stringstream text;
  text << file.rdbuf();
  // A whole name in back quotes, nothing added.
  std::set<std::string> documented;
  const std::string document = text.str();
  for (size_t at = 0; (at = document.find('`', at)) != std::string::npos;) {
    const size_t end = document.find('`', at + 1);
    if (end == std::string::npos) break;
    const std::string word = document.substr(at + 1, end - at - 1);
    const bool is_name = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    const bool is_metric = word.starts_with("payment_server_") || word.starts_with("process_");
    if (is_name && is_metric) documented.insert(word);
    at = end + 1;
  }
  EXPECT_EQ(scraped, documented);
}

TEST(MetricsTest, APortInUseIsAnErrorBeforeAnythingIsServed) {
  PaymentServer first(MeasuredOptions(NoKafka()));
  first.Listen();
  ServerOptions options = MeasuredOptions(NoKafka());
  options.metrics_listen = "127.0.0.1:" + std::to_string(first.metrics_port());
  PaymentServer second(options);
  try {
    second.Listen();
    FAIL() << "both listen on " << options.metrics_listen;
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), "can't listen on " + options.metrics_listen +
                                             " for metrics: the address is in use, or not one of this host");
  }
  EXPECT_EQ(second.port(), 0);
}

TEST(MetricsTest, TheProgramEndsWith3WhenThePortIsInUse) {
  PaymentServer first(MeasuredOptions(NoKafka()));
  first.Listen();
  const std::string address = "127.0.0.1:" + std::to_string(first.metrics_port());
  Program second("payment-server", {"--port", "0", "--metrics-listen", address});
  EXPECT_EQ(second.Wait(), 3);
  EXPECT_EQ(second.Output(), "payment-server: can't listen on " + address +
                                 " for metrics: the address is in use, or not one of this host\n");
}

TEST(MetricsTest, AddressesAreChecked) {
  for (const char* right : {"127.0.0.1:9464", "0.0.0.0:0", "[::1]:65535", "localhost:1"}) {
    EXPECT_EQ(CheckMetricsAddress(right), "") << right;
  }
  for (const char* wrong :
       {"", "9464", ":9464", "localhost", "localhost:", "localhost:x", "::1:9464", "localhost:65536", "localhost:-1",
        "127.0.0.1:1,127.0.0.1:2", "localhost:9464s", "localhost:999999999999"}) {
    EXPECT_NE(CheckMetricsAddress(wrong), "") << wrong;
  }
}

}  // namespace
}  // namespace pipeline
