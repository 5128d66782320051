// The server's journal splits "server, wire or client" both ways, for each kind of violation; it says nothing where it
// is cut, where it ends too early, and of a stream that it does not have.
#include "harness/verify/hop.h"

#include <gtest/gtest.h>

#include "tests/verify/server_story.h"

namespace harness {
namespace {

Violation First(const ServerStory& story, const std::string& invariant) {
  const CheckResult result = Of(story.Judged(), invariant);
  EXPECT_GE(result.violation_count, 1) << Sentences(story.Judged());
  return result.violations.empty() ? Violation() : result.violations.front();
}

void ExpectBlamed(const ServerStory& story, const std::string& invariant, Causes causes, const std::string& why) {
  const Violation violation = First(story, invariant);
  EXPECT_EQ(CausesText(violation.causes), CausesText(causes)) << violation.sentence;
  EXPECT_NE(violation.sentence.find(why), std::string::npos) << violation.sentence;
}

// Offsets 0 to 2, of which the client never gets 1.
ServerStory LostOne(const std::vector<int64_t>& written) {
  ServerStory story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.ServerReads(0);
  for (const int64_t offset : written) story.ServerWrites(0, offset);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  return story;
}

TEST(HopTest, WhatTheServerNeverWroteIsTheServersLoss) {
  ExpectBlamed(LostOne({0, 2}), "LOST", Cause::kServer, "server-1 read it and never wrote it to subscription 1");
}

TEST(HopTest, WhatTheServerNeverReadIsTheServersLoss) {
  ServerStory story = LostOne({0, 2});
  std::erase_if(story.history.servers[0].events,
                [](const ServerEvent& event) { return event.kind == ServerEventKind::kRead && event.offset == 1; });
  ExpectBlamed(story, "LOST", Cause::kServer, "server-1 never read it");
  story = LostOne({0, 2});
  for (ServerEvent& event : story.history.servers[0].events) {
    if (event.offset == 1) event.reason = pipeline::RejectReason::kNoId;
  }
  ExpectBlamed(story, "LOST", Cause::kServer, "server-1 rejected it (no_id)");
}

TEST(HopTest, WhatTheServerWroteInOrderWasLostBehindIt) {
  ExpectBlamed(LostOne({0, 1, 2}), "LOST", kBehindServer, "server-1 wrote it to subscription 1 at 0.");
}

TEST(HopTest, WhatTheServerWroteTooLateIsTheServersLoss) {
  ExpectBlamed(LostOne({0, 2, 1}), "LOST", Cause::kServer, "only after a later one");
}

TEST(HopTest, WithoutAJournalOrWithOneThatIsCutNothingIsSplit) {
  ServerStory story = LostOne({0, 2});
  story.history.servers[0].lives[0].lost = 1;
  ExpectBlamed(story, "LOST", kDeliveryHops, "Kafka acknowledged");
  story = LostOne({0, 2});
  story.history.servers[0].broken_lines = 1;
  ExpectBlamed(story, "LOST", kDeliveryHops, "Kafka acknowledged");
  story = LostOne({0, 2});
  story.history.clients[0].connections[0].subscription = "another/1";
  ExpectBlamed(story, "LOST", kDeliveryHops, "Kafka acknowledged");
  story = LostOne({0, 2});
  story.history.servers.clear();
  ExpectBlamed(story, "LOST", kDeliveryHops, "Kafka acknowledged");
}

// A killed server takes the last of its journal with it: absent there is not absent.
TEST(HopTest, BeyondTheEndOfAKilledServersJournalNothingIsKnown) {
  ServerStory story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.ServerWrites(0, 0);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  std::erase_if(story.history.servers[0].events, [](const ServerEvent& event) { return event.offset > 0; });
  ExpectBlamed(story, "LOST", kDeliveryHops, "Kafka acknowledged");
  // A journal that says that there was no more, though the client has offset 2 from that stream, is not whole.
  story.history.servers[0].streams[0].ended_ns = story.now_ns;
  ExpectBlamed(story, "LOST", kDeliveryHops, "Kafka acknowledged");
}

TEST(HopTest, AtTheEndOfAStreamOrOfAProcessAJournalIsWhole) {
  ServerStory story = LostOne({0, 2});
  // What it says of the sentinel is enough; without, an end is.
  std::erase_if(story.history.servers[0].events,
                [](const ServerEvent& event) { return event.kind == ServerEventKind::kRead && event.offset == 1; });
  ExpectBlamed(story, "LOST", Cause::kServer, "never read it");
}

// A program that keeps a journal is a subject like any other: where a client has what the journal denies, the journal
// is wrong about what it lacks; and where all lack what it has, about what it has.
TEST(HopTest, AJournalIsNotBelievedAgainstWhatClientsHave) {
  ServerStory late;
  for (int i = 0; i < 3; ++i) late.Write(0);
  for (const int64_t offset : {0, 2}) late.ServerWrites(0, offset);
  for (const int64_t offset : {0, 2}) late.Deliver(0, 0, offset);
  late.Deliver(0, 0, 1, DeliveryKind::kDropped);
  late.End();
  ExpectBlamed(late, "LOST", kDeliveryHops, "because a later one had come before it");
  ExpectBlamed(late, "ORDER", kDeliveryHops, "because a later one had come before it");

  ServerStory all(1, {"first", "second"});
  for (int i = 0; i < 3; ++i) all.Write(0);
  for (size_t client = 0; client < 2; ++client) {
    for (const int64_t offset : {0, 1, 2}) all.ServerWrites(client, offset);
    for (const int64_t offset : {0, 2}) all.Deliver(client, 0, offset);
  }
  all.End();
  ExpectBlamed(all, "LOST", kBehindServer, "before all later ones");
  all.history.clients[0].program = "a";
  all.history.clients[1].program = "b";
  ExpectBlamed(all, "LOST", Cause::kServer, "clients of different programs all lack it");
}

TEST(HopTest, WhatTheTokenThatCameClaimedIsTheClientsLoss) {
  ServerStory story = LostOne({0, 2});
  story.history.servers[0].streams[0].sent = {{0, 1, -1}};
  ExpectBlamed(story, "LOST", kBehindServer, "the token that server-1 got for subscription 1 claimed it (offset 1)");
}

// Offsets 0 and 1; 1 comes again on the same stream, and is dropped.
ServerStory Repeated(int times) {
  ServerStory story;
  for (int i = 0; i < 2; ++i) story.Write(0);
  story.ServerWrites(0, 0);
  for (int i = 0; i < times; ++i) story.ServerWrites(0, 1);
  story.DeliverFrom(0, 0, 0);
  story.Deliver(0, 0, 1, DeliveryKind::kDropped);
  story.End();
  story.ServerEnds(0);
  return story;
}

TEST(HopTest, ARepeatIsTheServersWhenItWroteItTwice) {
  ExpectBlamed(Repeated(2), "DUP", Cause::kServer, "server-1 wrote it to subscription 1 2 times");
  ExpectBlamed(Repeated(1), "DUP", kBehindServer, "once and in order");
  ExpectBlamed(Repeated(0), "DUP", kDeliveryHops, "again");  // it came, whatever the journal says
}

TEST(HopTest, ARepeatBelowWhereTheStreamBeganIsTheServers) {
  ServerStory story;
  for (int i = 0; i < 2; ++i) story.Write(0);
  story.ServerSends(0, 0, 0);
  story.ServerSends(0, 0, 1);
  story.Break(0);
  story.ServerEnds(0);
  story.ServerConnects(0, {{0, 1, -1}}, true);
  story.ServerWrites(0, 1);
  story.Deliver(0, 0, 1, DeliveryKind::kDropped);
  story.End();
  ExpectBlamed(story, "DUP", Cause::kServer, "server-1 wrote it to subscription 2, which began after offset 1");
}

ServerStory Swapped(const std::vector<int64_t>& written) {
  ServerStory story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  for (const int64_t offset : written) story.ServerWrites(0, offset);
  for (const int64_t offset : {0, 2, 1}) story.Deliver(0, 0, offset);
  story.End();
  return story;
}

TEST(HopTest, ADisorderIsTheServersWhenItWroteItSo) {
  ExpectBlamed(Swapped({0, 2, 1}), "ORDER", Cause::kServer, "after a later one");
  ExpectBlamed(Swapped({0, 1, 2, 1}), "ORDER", Cause::kServer, "2 times");
  ExpectBlamed(Swapped({0, 1, 2}), "ORDER", kBehindServer, "once and in order");
}

// What the client has from its second stream the first had skipped; what the second began behind it is RESUME's.
TEST(HopTest, WhatAStreamPassedOverIsSplitToo) {
  ServerStory story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.ServerSends(0, 0, 0);
  story.ServerSends(0, 0, 2);
  story.Break(0);
  story.ServerEnds(0);
  story.ServerConnects(0, {{0, 0, -1}}, true);
  story.ServerSends(0, 0, 1);
  story.End();
  ExpectBlamed(story, "SKIP", Cause::kServer, "never wrote it to subscription 1");

  ServerStory jumped;
  for (int i = 0; i < 3; ++i) jumped.Write(0);
  jumped.ServerSends(0, 0, 0);
  jumped.Break(0);
  jumped.ServerEnds(0);
  jumped.ServerConnects(0, {{0, 0, -1}}, true);
  jumped.ServerWrites(0, 1);
  jumped.ServerSends(0, 0, 2);
  jumped.End();
  ExpectBlamed(jumped, "RESUME", kBehindServer, "server-1 wrote it to subscription 2 at 0.");
}

// A record that the client's filter excludes.
ServerStory Unwanted(bool written) {
  ServerStory story;
  story.history.clients[0].filter.provider = pipeline::Provider::kStripe;
  story.Write(0, {.provider = pipeline::Provider::kPaypal});
  story.Write(0);
  if (written) story.ServerWrites(0, 0);
  story.Deliver(0, 0, 0);
  story.ServerSends(0, 0, 1);
  story.End();
  return story;
}

TEST(HopTest, WhatNobodyAskedForIsTheServersWhenItWroteIt) {
  ExpectBlamed(Unwanted(true), "PHANTOM", Cause::kServer, "server-1 wrote it to subscription 1");
  ExpectBlamed(Unwanted(false), "PHANTOM", kBehindServer, "server-1 never wrote it to subscription 1");
}

TEST(HopTest, ASentinelThatTheServerNeverWroteIsTheServersToo) {
  ServerStory story;
  story.Write(0);
  story.ServerReads(0);
  story.ServerSends(0, 0, 0);
  story.End({0});
  story.ServerReads(0);
  story.ServerEnds(0);
  ExpectBlamed(story, "LIVE", Cause::kServer, "server-1 read it and never wrote it to subscription 1");
}

// Two copies of one client have one fault: that both lack a record says nothing of their server.
TEST(HopTest, TwoCopiesOfOneProgramAreOneWitness) {
  for (const char* second : {"a", "b", ""}) {
    Story story(1, {"first", "second"});
    story.history.clients[0].program = "a";
    story.history.clients[1].program = second;
    for (int i = 0; i < 3; ++i) story.Write(0);
    for (size_t client = 0; client < 2; ++client) {
      for (const int64_t offset : {0, 2}) story.Deliver(client, 0, offset);
    }
    story.End();
    const CheckResult lost = Of(story.Judged(), "LOST");
    ASSERT_EQ(lost.violation_count, 2);
    const Causes expected = std::string(second) == "b" ? Causes(Cause::kServer) : kDeliveryHops;
    for (const Violation& violation : lost.violations) EXPECT_EQ(violation.causes, expected) << violation.sentence;
  }
}

// A client that has not come so far is no witness either.
TEST(HopTest, AClientThatHasNotPassedARecordDoesNotLackIt) {
  Story story(1, {"first", "second"});
  story.history.clients[0].program = "a";
  story.history.clients[1].program = "b";
  for (int i = 0; i < 3; ++i) story.Write(0);
  for (const int64_t offset : {0, 2}) story.Deliver(0, 0, offset);
  story.Deliver(1, 0, 0);
  story.End({1});
  EXPECT_EQ(Of(story.Judged(), "LOST").violations.at(0).causes, kDeliveryHops);
}

// A server that says too early that its client has a record, and sends it then: the client drops it, as it has to.
TEST(HopTest, WhatAClientDropsBecauseABookmarkClaimedItHasTheBookmarksStory) {
  ServerStory story;
  story.Write(0);
  story.ServerReads(0);
  story.Tell(0, 0, 0);
  story.ServerWrites(0, 0);
  story.Deliver(0, 0, 0, DeliveryKind::kDropped);
  story.End();
  ExpectBlamed(story, "BOOKMARK", Cause::kServer, "after the bookmark had come");
  ExpectBlamed(story, "LOST", Cause::kServer, "after the bookmark had come");
  story.history.servers.clear();
  ExpectBlamed(story, "BOOKMARK", kDeliveryHops, "a bookmark at offset 0");
  ExpectBlamed(story, "LOST", kDeliveryHops, "a bookmark at offset 0");
}

}  // namespace
}  // namespace harness
