// What a person sees is what the payment says, readable on any terminal: on a narrow one, on one without UTF-8; and
// nothing that came over the wire reaches the terminal as a command to it.
#include "client/display.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/terminal_text.h"
#include "tests/client/client_testing.h"

namespace pipeline {
namespace {

ReceivedEvent Sample() {
  ReceivedEvent event;
  event.partition = 2;
  event.offset = 9;
  event.record_crc32c = 7;
  event.processed_at_s = 1'769'853'601;
  event.payment = {.id = "pay_abc123",
                   .provider = Provider::kStripe,
                   .status = PaymentStatus::kCompleted,
                   .amount = {.units = 15000, .exponent = 4},
                   .currency = "USD",
                   .customer_email = "someone@example.com",
                   .created_at_s = 1'769'853'600,
                   .metadata = {{"k", "v"}}};
  return event;
}

TEST(DisplayTest, AnEventIsOneLine) {
  const ClientDisplay display({});
  ReceivedEvent event = Sample();
  EXPECT_EQ(display.EventLine(event), "🆕 [2026-01-31T10:00:00.000Z] pay_abc123 | STRIPE | $1.50 USD | COMPLETED\n");
  event.existing = true;
  EXPECT_EQ(display.EventLine(event), "📦 [2026-01-31T10:00:00.000Z] pay_abc123 | STRIPE | $1.50 USD | COMPLETED\n");
}

TEST(DisplayTest, WithoutUtf8ThereAreOnlyAsciiCharacters) {
  const ClientDisplay display({.columns = 0, .utf8 = false});
  ReceivedEvent event = Sample();
  event.payment.currency = "INR";
  event.payment.id = "pay_é";
  EXPECT_EQ(display.EventLine(event), "NEW [2026-01-31T10:00:00.000Z] pay_? | STRIPE | 1.50 INR | COMPLETED\n");
  event.existing = true;
  EXPECT_EQ(display.EventLine(event), "OLD [2026-01-31T10:00:00.000Z] pay_? | STRIPE | 1.50 INR | COMPLETED\n");
  for (const char c : display.SessionBox({})) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(DisplayTest, AnAmountHasTheDigitsOfIso4217) {
  ReceivedEvent event = Sample();
  event.payment.amount = {.units = 50000, .exponent = 2};
  event.payment.currency = "ISK";
  for (const bool utf8 : {true, false}) {
    EXPECT_NE(ClientDisplay({.columns = 0, .utf8 = utf8}).EventLine(event).find("| 500 ISK |"), std::string::npos);
  }
}

TEST(DisplayTest, ANarrowTerminalBreaksBetweenFields) {
  const ClientDisplay display({.columns = 40, .utf8 = true});
  EXPECT_EQ(display.EventLine(Sample()),
            "🆕 [2026-01-31T10:00:00.000Z] pay_abc123\n"
            "   STRIPE | $1.50 USD | COMPLETED\n");
  const ClientDisplay narrower({.columns = 24, .utf8 = true});
  EXPECT_EQ(narrower.EventLine(Sample()),
            "🆕 [2026-01-31T10:00:00.\n"
            "   000Z] pay_abc123\n"
            "   STRIPE | $1.50 USD\n"
            "   COMPLETED\n");
}

TEST(DisplayTest, TheSessionIsABoxOrPlainLines) {
  const SessionNumbers numbers{
      .existing = 2, .fresh = 3, .dropped = 1, .skipped = 0, .reconnects = 4, .duration_ns = 12'345'678'901};
  EXPECT_EQ(ClientDisplay({}).SessionBox(numbers),
            "┌────────────────────────────┐\n"
            "│ Session                    │\n"
            "├────────────────────────────┤\n"
            "│ Total:      5              │\n"
            "│ Existing:   2              │\n"
            "│ New:        3              │\n"
            "│ Dropped:    1              │\n"
            "│ Duration:   12.35s         │\n"
            "│ Reconnects: 4              │\n"
            "└────────────────────────────┘\n");
  EXPECT_EQ(ClientDisplay({.columns = 20, .utf8 = true}).SessionBox(numbers),
            "Session\nTotal:      5\nExisting:   2\nNew:        3\nDropped:    1\nDuration:   12.35s\nReconnects: 4\n");
}

TEST(DisplayTest, EndsAndWaits) {
  const ClientDisplay display({});
  EXPECT_EQ(display.EndedLine({}), "Stream ended by server\n");
  EXPECT_EQ(display.EndedLine({.time_ns = 0, .connection = 1, .code = 14, .message = "gone\x1b[2J", .gaps = {}}),
            "Stream error (code 14): gone\\x1b[2J\n");
  EXPECT_EQ(display.EndedLine({.time_ns = 0, .connection = 1, .code = 14, .message = "", .gaps = {}}),
            "Stream error (code 14): UNAVAILABLE\n");
  EXPECT_EQ(display.ReconnectingLine(1, 10, 3'000'000'000), "Reconnecting in 3s (attempt 1/10)...\n");
  EXPECT_EQ(display.ReconnectingLine(7, 0, 137'123'456), "Reconnecting in 137ms (attempt 7)...\n");
  EXPECT_EQ(
      display.GapLines({{.partition = 1, .wanted = 5, .earliest = 9}, {.partition = 2, .wanted = 7, .earliest = 0}}),
      "Gap in partition 1: offsets 5 to 8 are gone, the earliest left is 9\n"
      "Gap in partition 2: offset 7 is not there, the earliest left is 0\n");
  SubscriptionOptions options;
  options.servers = {"localhost:50051"};
  EXPECT_EQ(display.Banner(options), "Payment client\n  Connecting to: localhost:50051\n  Auto-reconnect: enabled\n");
  options.filter.status = PaymentStatus::kFailed;
  options.event_log_path = "log";
  EXPECT_EQ(display.Banner(options),
            "Payment client\n  Connecting to: localhost:50051\n  Auto-reconnect: enabled\n  Filter: status FAILED\n"
            "  Event log: log\n");
}

TEST(DisplayTest, Lists) {
  const ClientDisplay display({});
  EXPECT_EQ(display.ListLine(Sample().payment),
            "[2026-01-31T10:00:00.000Z] pay_abc123 | STRIPE | $1.50 USD | COMPLETED\n");
  EXPECT_EQ(display.ListEnd(3, 57, "c"), "3 of 57 payments; the next page: --cursor c\n");
  EXPECT_EQ(display.ListEnd(3, 3, ""), "3 of 3 payments\n");
  EXPECT_EQ(display.Details(Sample().payment, 1'769'853'601),
            "pay_abc123\n"
            "  Provider:   STRIPE\n"
            "  Amount:     $1.50 USD\n"
            "  Status:     COMPLETED\n"
            "  Email:      someone@example.com\n"
            "  Created:    2026-01-31T10:00:00.000Z\n"
            "  Processed:  2026-01-31T10:00:01.000Z\n"
            "  Metadata:   k = v\n");
}

// A server may hand on what a producer wrote: whatever the number, a person sees a date.
TEST(DisplayTest, ATimeIsADateInWhicheverUnit) {
  EXPECT_EQ(UtcText(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcText(-1), "1969-12-31T23:59:59.000Z");
  EXPECT_EQ(UtcText(253'402'300'799), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(UtcText(-62'167'219'200), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcText(1'769'853'600'123), "2026-01-31T10:00:00.000Z");
  EXPECT_EQ(UtcText(1'769'853'600'123'456), "2026-01-31T10:00:00.000Z");
  EXPECT_EQ(UtcText(253'402'300'800), "1978-01-11T21:31:40.000Z");
  EXPECT_EQ(UtcText(INT64_MAX), "2262-04-11T23:47:16.000Z");
  EXPECT_EQ(UtcText(INT64_MIN), "1677-09-21T00:12:43.000Z");
}

TEST(DisplayTest, JsonHasTheShapeOfTheEventLog) {
  EXPECT_EQ(EventJsonLine(Sample()),
            R"({"kind":"new","p":2,"o":9,"crc32c":7,"payment":{"id":"pay_abc123","provider":"STRIPE","units":15000,)"
            R"("exponent":4,"currency":"USD","status":"COMPLETED","customer_email":"someone@example.com",)"
            R"("created_at":1769853600,"processed_at":1769853601,"metadata":{"k":"v"}}})"
            "\n");
  ReceivedEvent bare;
  bare.existing = true;
  EXPECT_EQ(EventJsonLine(bare).substr(0, 31), R"({"kind":"existing","payment":{")");
  EXPECT_EQ(ListEndJsonLine(5, "\"c"), "{\"total_count\":5,\"next_cursor\":\"\\\"c\"}\n");
}

// ---- what a terminal must not obey ----

// Printable ASCII and whole UTF-8 characters that are neither controls nor reorder text.
bool Harmless(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7F) return false;
    if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
  }
  return text.find("\xe2\x80\xae") == std::string::npos;
}

RC_GTEST_PROP(DisplayProperty, NothingFromTheWireCommandsTheTerminal, (bool utf8)) {
  ReceivedEvent event;
  event.payment = *AnyPayment();
  const ClientDisplay display({.columns = *rc::gen::elementOf(std::vector<int>{0, 1, 20, 80}), .utf8 = utf8});
  for (const std::string& text :
       {display.EventLine(event), display.Details(event.payment, 0), EventJsonLine(event),
        PaymentJsonLine(event.payment, 0),
        display.EndedLine({.time_ns = 0, .connection = 0, .code = 3, .message = event.payment.id, .gaps = {}})}) {
    RC_ASSERT(Harmless(text));
    RC_ASSERT(text.back() == '\n');
  }
  // And as JSON it still says the same.
  const auto json = nlohmann::json::parse(EventJsonLine(event));
  RC_ASSERT(json["payment"]["id"] == event.payment.id);
}

RC_GTEST_PROP(TerminalTextProperty, LinesFitTheTerminalAndLoseNothing, ()) {
  const int columns = *rc::gen::inRange(13, 60);
  std::vector<Piece> pieces;
  std::string all;
  const auto words = *rc::gen::container<std::vector<std::string>>(AnyText());
  for (const std::string& word : words) {
    pieces.push_back({pieces.empty() ? "" : " | ", Printable(word, true, 50)});
    all += pieces.back().text;
  }
  const std::string text = JoinWrapped(pieces, 3, {.columns = columns, .utf8 = true});
  for (const std::string& line : Lines(text + "\n")) RC_ASSERT(ColumnsOf(line) <= columns);
  // Without line breaks, indentation and separators it is what went in.
  const auto without = [](const std::string& from) {
    std::string kept;
    for (const char c : from) {
      if (c != ' ' && c != '|' && c != '\n') kept += c;
    }
    return kept;
  };
  RC_ASSERT(without(text) == without(all));
}

TEST(TerminalTextTest, UnsafeCharactersAreSpelledOut) {
  EXPECT_EQ(Printable("a\x1b[31m\n\x7f", true, 100), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b", true, 100), "\\u009b");
  EXPECT_EQ(Printable("\xe2\x80\xae", true, 100), "\\u202e");
  EXPECT_EQ(Printable("\xf3\xa0\x80\x81", true, 100), "\\U000e0001");
  EXPECT_EQ(Printable("\xff\xc0\xaf\xed\xa0\x80", true, 100), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(Printable("\xe2\x82", true, 100), "\\xe2\\x82");
  EXPECT_EQ(Printable("é₹🆕", true, 100), "é₹🆕");
  EXPECT_EQ(Printable("é₹🆕", false, 100), "???");
  EXPECT_EQ(PrintableJson("\"\xc2\x9b\x7fé\xf3\xa0\x80\x81\""), "\"\\u009b\\u007fé\\udb40\\udc01\"");
}

TEST(TerminalTextTest, LongTextIsCut) {
  EXPECT_EQ(Printable("abcdefgh", true, 8), "abcdefgh");
  EXPECT_EQ(Printable("abcdefghi", true, 8), "abcde...");
  EXPECT_EQ(Printable("🆕🆕🆕🆕🆕", true, 8), "🆕🆕...");
  EXPECT_EQ(ColumnsOf(Printable(std::string(1'000'000, 'x'), true, 120)), 120);
}

TEST(TerminalTextTest, TheLocaleTellsWhatTheTerminalSpeaks) {
  EXPECT_TRUE(SpeaksUtf8("", "", ""));
  EXPECT_TRUE(SpeaksUtf8("", "", "en_US.UTF-8"));
  EXPECT_TRUE(SpeaksUtf8("", "C.utf8", "C"));
  EXPECT_TRUE(SpeaksUtf8("de_DE.UTF-8@euro", "C", "C"));
  EXPECT_FALSE(SpeaksUtf8("C", "", "en_US.UTF-8"));
  EXPECT_FALSE(SpeaksUtf8("", "", "C"));
  EXPECT_FALSE(SpeaksUtf8("", "", "POSIX"));
  EXPECT_FALSE(SpeaksUtf8("", "", "de_DE.ISO-8859-1"));
}

}  // namespace
}  // namespace pipeline
