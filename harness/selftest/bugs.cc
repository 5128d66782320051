#include "harness/selftest/bugs.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <random>

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

// What a producer was told: it may have made that up, or the broker have done it.
constexpr Causes kTold = {Cause::kProducer, Cause::kBroker};

constexpr std::array<SeededBug, 51> kBugs = {{
    {"server/drop-one", "never sends one record", "LOST", {Cause::kServer}},
    {"server/skip-on-resume", "never sends the first record of a resumed stream", "RESUME", {Cause::kServer}},
    {"server/live-on-resume",
     "takes a token and begins at the end, past what it can't serve",
     "RESUME",
     {Cause::kServer}},
    {"server/false-start",
     "begins a stream without a token somewhere in the log, and says so",
     "RESUME",
     {Cause::kServer}},
    {"server/snapshot-beyond", "says that a snapshot covers what is not there yet", "RESUME", {Cause::kServer}},
    {"server/replay-from-zero", "begins at the beginning whatever the token says", "RESUME", {Cause::kServer}},
    {"server/false-refusal", "refuses valid tokens", "RESUME", {Cause::kServer}},
    {"server/start-at-end", "forgets, when it crashes, what it had read", "LOST", {Cause::kServer}},
    {"server/snapshot-race", "loses the first new record behind a snapshot", "LOST", {Cause::kServer}},
    {"server/repeat-on-resume", "sends the first record of a resumed stream twice", "DUP", {Cause::kServer}},
    {"server/reorder-on-resume",
     "sends the first record of a resumed stream after the next one",
     "ORDER",
     {Cause::kServer}},
    {"server/swap", "swaps two neighbours of a partition", "ORDER", {Cause::kServer}},
    {"server/freeze", "sends nothing any more, and says nothing", "LIVE", {Cause::kServer}},
    {"server/amount", "changes an amount", "AGREE", {kDeliveryHops}},
    {"server/metadata", "changes a payment's metadata", "AGREE", {kDeliveryHops}},
    {"server/contents", "sends a payment with another one's content", "AGREE", {kDeliveryHops}},
    {"server/kind", "says \"existing\" of a new record", "AGREE", {kDeliveryHops}},
    {"server/kind-sometimes", "says \"new\" of every seventh event of a snapshot", "AGREE", {kDeliveryHops}},
    {"server/leak", "sends a record that the subscriber's filter does not match", "PHANTOM", {Cause::kServer}},
    {"server/stop-at-bad",
     "sends nothing of a partition any more behind a record that it has to reject",
     "LIVE",
     {Cause::kServer}},
    {"server/serve-bad", "sends a payment in place of a record that it has to reject", "PHANTOM", {Cause::kServer}},
    {"server/stale-get", "answers GetPayment from old state", "UNARY_AGREE", {Cause::kServer}},
    {"server/list-skip", "leaves a payment out of a page of ListPayments", "UNARY_AGREE", {Cause::kServer}},
    {"server/drop-slow", "drops what a subscriber that has stopped reading does not take", "LOST", {Cause::kServer}},
    {"server/unbounded-queue",
     "keeps all that a subscriber that has stopped reading does not take",
     "BOUNDED",
     {Cause::kServer}},
    {"server/bookmark-early",
     "says that its subscriber has a record, and sends it after that",
     "BOOKMARK",
     {Cause::kServer}},
    {"server/processed-at", "says another processed_at than the record has", "AGREE", {kDeliveryHops}},
    {"server/wire-amount", "says -7.5 in the double beside every exact amount", "AGREE", {kDeliveryHops}},
    {"server/log-id", "names another log to each stream", "AGREE", {kDeliveryHops}},
    {"server/unary-internal", "answers every unary call with INTERNAL", "UNARY_AGREE", {Cause::kServer}},
    {"server/invent", "sends, without a position, a payment that nobody sent", "PHANTOM", {kDeliveryHops}},
    {"server/strip-metadata", "sends, without positions, payments without metadata", "AGREE", {kDeliveryHops}},
    {"server/zombie", "goes on writing to a stream whose client has gone", "ZOMBIE", {Cause::kServer}},
    {"client/drop-one", "receives a record and never hands it on", "LOST", {kDeliveryHops, Cause::kClient}},
    {"client/partition", "hands on nothing of one partition any more", "LIVE", {kDeliveryHops, Cause::kClient}},
    {"client/repeat", "hands a record on twice after resuming", "DUP", {kDeliveryHops, Cause::kClient}},
    {"client/swap", "hands two neighbours on in the wrong order", "ORDER", {kDeliveryHops, Cause::kClient}},
    {"client/freeze", "hands nothing on any more, and says nothing", "LIVE", {kDeliveryHops, Cause::kClient}},
    {"client/phantom", "hands on a payment that nobody sent", "PHANTOM", {kDeliveryHops, Cause::kClient}},
    {"client/amount", "changes an amount", "AGREE", {kDeliveryHops, Cause::kClient}},
    {"client/metadata", "changes a payment's metadata", "AGREE", {kDeliveryHops, Cause::kClient}},
    {"client/clock", "tells times 155 minutes before they were", "WELL_FORMED", {Cause::kClient}},
    {"client/impossible-event", "hands on a payment without an id", "WELL_FORMED", {kDeliveryHops}},
    {"client/storm", "comes back without any pause", "BACKOFF", {Cause::kClient}},
    {"producer/false-ack", "says that a record was acknowledged, and never sent it", "ACK_DURABLE", {kTold}},
    {"producer/silent", "sends something else than it says", "PHANTOM", {Cause::kProducer}},
    {"producer/twice", "sends a record twice", "LOG_DUP", {kTold}},
    {"producer/late", "sends a record after later ones", "SEND_ORDER", {kTold}},
    {"producer/corrupt", "sends half of a record that it says it sent", "ACK_DURABLE", {kTold}},
    {"producer/wrong-key", "sends a record under another key than its payment's id", "PHANTOM", {Cause::kProducer}},
    {"producer/gives-up", "says of most of its records that Kafka refused them", "ACKED", {kTold}},
}};

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed * 0x9E37'79B9'7F4A'7C15) {}
  int64_t From(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }
  bool Chance(int percent) { return From(1, 100) <= percent; }

 private:
  std::mt19937_64 random_;
};

std::string Ms(int64_t time_ms) { return std::to_string(time_ms) + "ms"; }

Json QuickClient(const std::string& name) {
  return {{"name", name}, {"args", {"--backoff", "50ms..200ms", "--attempts", "0"}}};
}

// What the seeded relay needs and its queue exceeds, in a run of a few seconds.
constexpr const char* kRelayRssMax = "64MiB";

struct Ordeal {
  Json phases;
  Json fault;
  std::string drain_timeout = "8s";  // some clients never have their sentinels, and are waited for
};

// The load, and what happens meanwhile: the server is killed and comes back; for some bugs something else has to
// happen.
Ordeal OrdealOf(std::string_view bug, Draw* draw) {
  const bool zombie = bug == "server/zombie";  // its client goes, and it has its time to notice
  const bool slow = bug == "server/drop-slow" || bug == "server/unbounded-queue";
  const std::string rate = std::to_string(draw->From(150, 300)) + "/s";
  Ordeal ordeal;
  ordeal.phases = {{{"name", "steady"}, {"duration", zombie ? "7s" : slow ? "2s" : "3s"}, {"rate", rate}}};
  ordeal.fault = {{"name", "crash"},
                  {"type", "process.kill"},
                  {"target", zombie ? "subject" : "server-1"},
                  {"at", "steady+" + Ms(draw->From(800, 1'600))},
                  {"restart_after", Ms(draw->From(50, 300))}};
  if (slow) {  // a subscriber does not read while far more comes than its connection holds, and does before the end
    ordeal.drain_timeout = "20s";
    ordeal.phases.push_back({{"name", "burst"}, {"count", draw->From(30'000, 36'000)}, {"rate", "max"}});
    ordeal.phases.push_back({{"name", "after"}, {"duration", "6s"}, {"rate", rate}});
    ordeal.fault = {{"name", "stall"},
                    {"type", "process.pause"},
                    {"target", "subject"},
                    {"at", "steady+" + Ms(draw->From(1'000, 1'800))},
                    {"duration", "5s"}};
  }
  return ordeal;
}

}  // namespace

std::span<const SeededBug> SeededBugs() { return kBugs; }

const SeededBug* FindBug(std::string_view name) {
  const auto* found = std::find_if(kBugs.begin(), kBugs.end(), [&](const SeededBug& bug) { return bug.name == name; });
  return found == kBugs.end() ? nullptr : found;
}

std::string BugScenario(const SeededBug& bug, uint64_t seed, const ScenarioPlaces& places) {
  Draw draw(seed);
  const std::string_view program = ProgramOf(bug);
  const std::string victim = std::string(bug.name.substr(program.size() + 1)) + ":" + std::to_string(seed);
  const auto path = [&](const std::string& name) { return places.program_dir + "/" + name; };
  Json server = {{"name", "server-1"}};
  Json reference = QuickClient("reference");
  Json subject = QuickClient("subject");
  // Of the plain contract: no positions, so that neither a journal nor a token can name a record.
  const bool plain = bug.name == "server/invent" || bug.name == "server/strip-metadata";
  Json shop = {{"name", "shop"}, {"kind", "process"}, {"args", {"--count", "80", "--rate", "50/s"}}};
  if (program == "server") {
    if (plain) reference["resume"] = subject["resume"] = "none";
    if (!plain) server["journal"] = true;
    server["command"] = {path("seeded-server"),
                         victim,
                         "{port}",
                         places.state_dir,
                         plain ? "-" : "{server_journal}",
                         path("payment-server"),
                         "--brokers",
                         "{brokers}",
                         "--topic",
                         "{topic}",
                         "-X",
                         "fetch.wait.max.ms=1"};
  } else if (program == "client") {
    subject = {{"name", "subject"},
               {"command", {path("seeded-client"), victim, "{servers}", "{event_log}", "200"}},
               {"reconnect_delay_min", "50ms"},
               {"reconnect_delay_max", "200ms"}};
  } else {
    shop.erase("args");
    shop["command"] = {path("seeded-producer"), victim, "{brokers}", "{topic}", "{ack_log}", "{rec_prefix}", "80"};
  }
  if (bug.name == "server/kind-sometimes") subject["start"] = "steady+2200ms";  // it finds something
  if (bug.name == "server/leak") subject["filter"] = {{"provider", "stripe"}};
  if (bug.name == "server/unbounded-queue") server["rss_max"] = kRelayRssMax;
  Json load = {{"name", "load"}, {"records_per_payment", {{"min", 2}, {"max", 5}}}};
  if (bug.name.ends_with("-bad")) load["poison"] = {{"every", 10}};
  const Ordeal ordeal = OrdealOf(bug.name, &draw);
  return Json({{"name", "selftest"},
               {"seed", seed},
               {"broker", {{"brokers", 1}, {"partitions", kSelftestPartitions}}},
               {"servers", {server}},
               {"clients", {reference, subject}},
               {"producers", {load, shop}},
               {"phases", ordeal.phases},
               {"faults", {ordeal.fault}},
               {"probe", {{"interval", "4ms"}}},
               {"drain", {{"timeout", ordeal.drain_timeout}}}})
      .dump(2);
}

namespace {

Json LegalClient(int number, bool two_servers, Draw* draw) {
  Json client = QuickClient("client-" + std::to_string(number));
  if (draw->Chance(30)) client["filter"] = {{"provider", draw->Chance(50) ? "stripe" : "paypal"}};
  if (draw->Chance(15)) client["filter"]["status"] = "completed";
  if (two_servers && draw->Chance(50)) client["server"] = draw->Chance(50) ? "server-1" : "server-2";
  if (draw->Chance(25)) client["resume"] = "none";
  return client;
}

// Joins a topic that holds something, and may leave again.
Json LateClient(int number, bool two_servers, Draw* draw) {
  Json client = LegalClient(number, two_servers, draw);
  if (draw->Chance(30)) {
    client["start"] = {{"logged", draw->From(50, 250)}};
  } else {
    client["start"] = "steady+" + Ms(draw->From(300, 2'500));
  }
  if (draw->Chance(30)) client["stop"] = "after+" + Ms(draw->From(0, 500));
  return client;
}

Json LegalFault(int number, const Json& targets, Draw* draw) {
  static constexpr std::array<const char*, 3> kTypes = {"process.kill", "process.terminate", "process.pause"};
  const std::string type = kTypes[static_cast<size_t>(draw->From(0, 2))];
  Json fault = {{"name", "fault-" + std::to_string(number)},
                {"type", type},
                {"target", targets[static_cast<size_t>(draw->From(0, static_cast<int64_t>(targets.size()) - 1))]},
                {"at", "steady+" + Ms(300 + number * 900 + draw->From(0, 300))}};
  if (type == "process.pause") {
    fault["duration"] = Ms(draw->From(50, 400));
  } else {
    fault["restart_after"] = Ms(draw->From(0, 300));
  }
  return fault;
}

}  // namespace

std::string LegalScenario(uint64_t seed) {
  Draw draw(seed + 1'000'003);
  const bool two_servers = draw.Chance(40);
  Json servers = {{{"name", "server-1"}}}, targets = {"server-1"};
  if (two_servers) {
    servers.push_back({{"name", "server-2"}});
    targets.push_back("server-2");
  }
  Json clients = Json::array();
  for (int i = 1; i <= draw.From(1, 3); ++i) {
    clients.push_back(LegalClient(i, two_servers, &draw));
    targets.push_back("client-" + std::to_string(i));
  }
  // No target of faults, which may strike before it is there.
  if (draw.Chance(60)) clients.push_back(LateClient(static_cast<int>(clients.size()) + 1, two_servers, &draw));
  Json load = {{"name", "load"}};
  if (draw.Chance(40)) load["records_per_payment"] = {{"min", 1}, {"max", 5}};
  Json producers = Json::array({load});  // braces alone are a copy to some compilers, a list to others
  if (draw.Chance(50)) {
    producers.push_back({{"name", "shop"}, {"kind", "process"}, {"args", {"--count", "0", "--rate", "60/s"}}});
    targets.push_back("shop");
  }
  Json faults = Json::array();
  for (int i = 0; i < draw.From(1, 3); ++i) faults.push_back(LegalFault(i, targets, &draw));
  Json phases = Json::array({{{"name", "steady"},
                              {"duration", "3s"},
                              {"rate", std::to_string(draw.From(100, 400)) + "/s"},
                              {"arrival", draw.Chance(50) ? "poisson" : "uniform"}}});
  if (draw.Chance(40)) phases.push_back({{"name", "burst"}, {"count", draw.From(500, 4'000)}, {"rate", "max"}});
  if (draw.Chance(50)) {
    for (Json& server : servers) server["journal"] = true;
  }
  phases.push_back({{"name", "after"}, {"duration", "700ms"}, {"rate", "200/s"}});
  return Json({{"name", "legal"},
               {"seed", seed},
               {"broker", {{"brokers", draw.From(1, 3)}, {"partitions", draw.From(1, 4)}}},
               {"servers", servers},
               {"clients", clients},
               {"producers", producers},
               {"phases", phases},
               {"faults", faults},
               {"probe", {{"interval", "10ms"}}},
               {"drain", {{"timeout", "15s"}}}})
      .dump(2);
}

}  // namespace harness
