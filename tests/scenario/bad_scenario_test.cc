// What is wrong with a scenario is said before anything starts: where it stands (file, line, column, JSON pointer),
// what was found and what is allowed; all of it at once; and no text whatever makes the parser do anything else.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario_testing.h"

namespace harness {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Mistake {
  const char* name;
  const char* found;     // in the base scenario
  const char* replaced;  // by this
  const char* error;     // its only error begins with this, behind "s.json:"
};

std::ostream& operator<<(std::ostream& out, const Mistake& mistake) { return out << mistake.name; }

class BadScenarioTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(BadScenarioTest, IsRefusedAtItsPlace) {
  const Mistake& mistake = GetParam();
  const auto errors = Errors(ParseScenario("s.json", Replaced(kBase, mistake.found, mistake.replaced)));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], ::testing::StartsWith(std::string("s.json:") + mistake.error));
}

constexpr Mistake kMistakes[] = {
    {"NoJson", "\"name\": \"base\",", "\"name\": base,", "2:"},
    {"UnknownKey", "\"drain\"", "\"drains\"",
     "8:3: /drains: unknown key \"drains\", did you mean \"drain\"?; allowed: "},
    {"DuplicateKey", R"("name": "base",)", R"("name": "base", "name": "again",)", "2:19: /name: "},
    {"MissingKey", R"([{"name": "server-1"}])", "[{}]", "3:15: /servers/0: "},
    {"BrokerArgsWithoutCommand", R"("drain")", R"("broker": {"args": ["x"]}, "drain")",
     "8:14: /broker/args: \"args\" is not allowed here: without \"command\" the broker is no program"},
    {"BrokerCommandAndCount", R"("drain")", R"("broker": {"command": ["k", "{port}"], "brokers": 2}, "drain")",
     "8:42: /broker/brokers: \"brokers\" is not allowed here: "},
    {"BrokerWithoutPort", R"("drain")", R"("broker": {"command": ["k"]}, "drain")",
     "8:25: /broker/command: nothing tells the broker where to listen; allowed: {port} "},
    {"BrokerPlaceholder", R"("drain")", R"("broker": {"command": ["k", "{port}", "{brokers}"]}, "drain")",
     "8:41: /broker/command/2: unknown placeholder \"{brokers}\""},
    {"BrokerAsTargetOfTheMock", R"("target": "server-1")", R"("target": "broker")", "7:"},
    {"ServerCalledBroker", R"("servers": [{"name": "server-1"}])",
     R"("broker": {"command": ["k", "{port}"]}, "servers": [{"name": "server-1"}, {"name": "broker"}])", "3:"},
    {"WrongType", R"("servers": [{"name": "server-1"}])", R"("servers": {"name": "server-1"})",
     "3:14: /servers: found "},
    {"NoUnit", "\"2s\"", "\"2\"", "6:45: /phases/0/duration: found \"2\"; allowed: a time as text with its unit"},
    {"NumberAsTime", "\"5s\"", "5", "8:24: /drain/timeout: found the number 5; allowed: a time as text"},
    {"RateWithoutUnit", "500/s", "500", "6:59: /phases/0/rate: found \"500\"; allowed: "},
    {"RampWithoutItsEnd", R"("500/s")", R"({"from": "1/s"})",
     "6:59: /phases/0/rate: found the keys \"from\"; allowed: \"from\" and \"to\" (a ramp), \"steps\", or "},
    {"RampAndSteps", R"("500/s")", R"({"from": "1/s", "to": "2/s", "steps": ["1/s"]})",
     "6:59: /phases/0/rate: found the keys \"from\", \"to\" or \"steps\"; allowed: "},
    {"RampToTheMost", R"("500/s")", R"({"from": "1/s", "to": "max"})",
     "6:81: /phases/0/rate/to: found \"max\"; allowed: records per second as text with the unit"},
    {"RampBeyondAllLoad", R"("500/s")", R"({"from": "1/s", "to": "10000001/s"})",
     "6:81: /phases/0/rate/to: found \"10000001/s\"; allowed: at most \"10000000/s\""},
    {"StepWithoutUnit", R"("500/s")", R"({"steps": ["1/s", "2"]})",
     "6:77: /phases/0/rate/steps/1: found \"2\"; allowed: "},
    {"NoSteps", R"("500/s")", R"({"steps": []})", "6:69: /phases/0/rate/steps: found 0 items; allowed: at least 1"},
    {"SpikeBeyondItsPhase", R"("500/s")", R"({"base": "1/s", "spike": "9/s", "after": "1s", "for": "1.1s"})",
     "6:113: /phases/0/rate/for: the spike ends after the phase; allowed: "},
    {"SpikeOfNoTime", R"("500/s")", R"({"base": "1/s", "spike": "9/s", "after": "1s", "for": "0s"})",
     "6:113: /phases/0/rate/for: found \"0s\"; allowed: above 0"},
    {"RateOfAnotherKind", R"("500/s")", R"({"frm": "1/s", "to": "2/s"})",
     "6:60: /phases/0/rate/frm: unknown key \"frm\", did you mean \"from\"?; allowed: "},
    {"NeitherRateNorLoop", R"(, "rate": "500/s")", "",
     "6:14: /phases/0: neither \"rate\" nor \"in_flight\" stands here; a phase has one of them: "},
    {"RateAndLoop", R"("500/s")", R"("500/s", "in_flight": 3)",
     "6:14: /phases/0: both \"rate\" and \"in_flight\" stand"},
    {"LoopWithoutEnd", R"("duration": "2s", "rate": "500/s")", R"("in_flight": 3)",
     "6:14: /phases/0: neither \"count\" nor \"duration\" stands here; a phase with \"in_flight\" has one of them"},
    {"LoopOfTwoEnds", R"("rate": "500/s")", R"("in_flight": 3, "count": 9)",
     "6:14: /phases/0: both \"count\" and \"duration\" stand here"},
    {"LoopWithArrivals", R"("rate": "500/s")", R"("in_flight": 3, "arrival": "poisson")",
     "6:67: /phases/0/arrival: \"arrival\" is not allowed here: in a closed loop"},
    {"LoopOfNone", R"("rate": "500/s")", R"("in_flight": 0)",
     "6:64: /phases/0/in_flight: found the number 0; allowed: a whole number from 1 to 50000"},
    {"KeysWithoutCount", R"({"name": "load"})", R"({"name": "load", "keys": {"choice": "zipf"}})",
     "5:42: /producers/0/keys: the key \"count\" is missing"},
    {"KeysOfAnotherKind", R"({"name": "load"})", R"({"name": "load", "keys": {"choice": "zpif", "count": 9}})",
     "5:53: /producers/0/keys/choice: found \"zpif\"; allowed: \"uniform\", \"zipf\" or \"hot\""},
    {"ExponentOfAHotKey", R"({"name": "load"})",
     R"({"name": "load", "keys": {"choice": "hot", "count": 9, "share": 0.5, "exponent": 1}})",
     "5:86: /producers/0/keys/exponent: \"exponent\" is not allowed here: it needs \"choice\": \"zipf\""},
    {"HotWithoutShare", R"({"name": "load"})", R"({"name": "load", "keys": {"choice": "hot", "count": 9}})",
     "5:42: /producers/0/keys: the key \"share\" is missing"},
    {"ShareAboveAll", R"({"name": "load"})", R"({"name": "load", "keys": {"choice": "hot", "count": 9, "share": 1.5}})",
     "5:81: /producers/0/keys/share: found the number 1.5; allowed: a number from 0 to 1"},
    {"OnlyTheHotKey", R"({"name": "load"})", R"({"name": "load", "keys": {"choice": "hot", "count": 1, "share": 1}})",
     "5:69: /producers/0/keys/count: found the number 1; allowed: 2 or more"},
    {"KeysOfAProgram", R"({"name": "load"})",
     R"({"name": "load", "kind": "process", "keys": {"choice": "zipf", "count": 9}})",
     "5:53: /producers/0/keys: \"keys\" is not allowed here: a producer of kind \"process\" makes its own payments"},
    {"ValueTooSmall", R"({"name": "load"})", R"({"name": "load", "value_bytes": {"fixed": 100}})",
     "5:59: /producers/0/value_bytes/fixed: found the number 100; allowed: a whole number from 512 to 900000"},
    {"ValueOfTwoKinds", R"({"name": "load"})", R"({"name": "load", "value_bytes": {"fixed": 600, "max": 700}})",
     "5:49: /producers/0/value_bytes: found the keys \"fixed\" or \"max\"; allowed: \"fixed\", or "},
    {"ValueLeastAboveMost", R"({"name": "load"})", R"({"name": "load", "value_bytes": {"min": 700, "max": 600}})",
     "5:49: /producers/0/value_bytes: found \"min\" above \"max\"; allowed: min <= max"},
    {"MedianAboveMost", R"({"name": "load"})",
     R"({"name": "load", "value_bytes": {"median": 700, "sigma": 1, "max": 600}})",
     "5:49: /producers/0/value_bytes: found \"median\" above \"max\""},
    {"ServerStartOfAnUnknownPhase", R"("server-1"})", R"("server-1", "start": "later"})",
     "3:45: /servers/0/start: there is no phase \"later\""},
    {"CallOfAProgram", R"({"name": "fast"})", R"({"name": "fast", "rpc": "StreamPayments"})",
     "4:32: /clients/0/rpc: \"rpc\" is not allowed here: it needs \"kind\": \"embedded\""},
    {"BatchesOfOneEventCalls", R"("count": 2)", R"("count": 2, "rpc": "StreamPayments", "max_batch_events": 4)",
     "4:107: /clients/1/max_batch_events: \"max_batch_events\" is not allowed here: StreamPayments brings one event"},
    {"SpreadOfNoStart", R"("count": 2)", R"("count": 2, "start_over": "1s")",
     "4:82: /clients/1/start_over: \"start_over\" is not allowed here: it spreads over a time what \"start\" begins"},
    {"RateBeyondAllLoad", "500/s", "10000001/s", "6:59: /phases/0/rate: "},
    {"SizeWithoutUnit", R"("server-1"})", R"("server-1", "rss_max": "3GB"})",
     "3:47: /servers/0/rss_max: found \"3GB\""},
    {"NoSizeAtAll", R"("server-1"})", R"("server-1", "rss_max": "0MiB"})", "3:47: /servers/0/rss_max: found \"0MiB\""},
    {"SizeBeyondAllMemory", R"("server-1"})", R"("server-1", "rss_max": "1025GiB"})",
     "3:47: /servers/0/rss_max: found "},
    {"JournalThatIsNoTruth", R"("server-1"})", R"("server-1", "journal": "yes"})", "3:47: /servers/0/journal: found "},
    {"JournalThatNobodyIsToldOf", R"("server-1"})", R"("server-1", "command": ["s"], "journal": true})",
     "3:65: /servers/0/journal: found true, and nothing tells the command where; allowed: {server_journal}"},
    {"JournalThatNobodyReads", R"("server-1"})", R"("server-1", "command": ["s", "{server_journal}"]})",
     "3:15: /servers/0: {server_journal} is not allowed here: "},
    {"JournalOfAClient", R"({"name": "fast"})", R"({"name": "fast", "command": ["c", "{server_journal}"]})",
     "4:49: /clients/0/command/1: unknown placeholder \"{server_journal}\""},
    {"UnknownTarget", R"("target": "server-1")", R"("target": "server-2")", "7:"},
    {"UnknownPhase", "steady+1s", "stedy+1s", "7:"},
    {"AfterThePhases", "steady+1s", "steady+1m", "7:"},
    {"UnknownFault", "process.kill", "process.kil", "7:"},
    {"UnknownMetric", "client.reconnects", "client.reconnect",
     "9:29: /expect/thresholds/0: in \"client.reconnect == 0\": "},
    {"NoThreshold", "client.reconnects == 0", "client.reconnects", "9:29: /expect/thresholds/0: "},
    {"SameNameTwice", R"({"name": "fast"})", R"({"name": "server-1"})", "4:"},
    {"NameOfTheHarnessesOwnLog", R"({"name": "fast"})", R"({"name": "harness"})",
     "4:24: /clients/0/name: the name \"harness\" is the harness's own, for its files in the run directory; allowed: "},
    {"NameOfTheHarnessesOwnLogInAnotherCase", R"({"name": "load"})", R"({"name": "Broker"})",
     "5:26: /producers/0/name: the name \"Broker\" is the harness's own"},
    {"NamesThatDifferInCase", R"({"name": "fast"})", R"({"name": "Server-1"})",
     "4:24: /clients/0/name: the name \"Server-1\" differs from \"server-1\" in upper and lower case alone"},
    {"NameWithADot", R"({"name": "fast"})", R"({"name": "fast.events"})", "4:24: /clients/0/name: found "},
    {"NameThatIsNoFileName", R"({"name": "fast"})", R"({"name": "../fast"})", "4:"},
    {"UnknownPlaceholder", R"("server-1"})", R"("server-1", "args": ["{prot}"]})", "3:"},
    {"EmptyCommand", R"("server-1"})", R"("server-1", "command": [""]})", "3:"},
    {"ProgramOfAnEmbeddedOne", R"("count": 2)", R"("count": 2, "args": ["-v"])", "4:"},
    {"CountOfAProgram", R"({"name": "fast"})", R"({"name": "fast", "count": 2})", "4:"},
    {"StartOfAnEmbeddedOne", R"({"name": "load"})", R"({"name": "load", "start": "steady"})", "5:"},
    {"StartBeyondItsPhase", R"({"name": "fast"})", R"({"name": "fast", "start": "steady+1m"})",
     "4:41: /clients/0/start: found 60.0s after the beginning of \"steady\""},
    {"StartOfAnUnknownCount", R"({"name": "fast"})", R"({"name": "fast", "start": {"received": 3}})", "4:"},
    {"StopOfAnUnknownPhase", R"({"name": "fast"})", R"({"name": "fast", "stop": "stedy"})", "4:40: /clients/0/stop: "},
    {"StopBeforeTheStart", R"({"name": "fast"})", R"({"name": "fast", "start": "steady+1s", "stop": "steady+1s"})",
     "4:62: /clients/0/stop: it is not after \"start\""},
    {"TimeoutWithoutUnit", R"("server-1"})", R"("server-1", "timeouts": {"ready": 30}})",
     "3:58: /servers/0/timeouts/ready: "},
    {"TimeoutOfAnotherKind", R"("server-1"})", R"("server-1", "timeouts": {"connected": "3s"}})",
     "3:49: /servers/0/timeouts/connected: unknown key \"connected\""},
    {"ExitCodeBeyondAll", R"("server-1"})", R"("server-1", "exit_codes": [256]})", "3:51: /servers/0/exit_codes/0: "},
    {"ShortestPauseAboveTheLongest", R"({"name": "fast"})",
     R"({"name": "fast", "reconnect_delay_min": "2s", "reconnect_delay_max": "1s"})",
     "4:55: /clients/0/reconnect_delay_min: found \"2s\"; allowed: at most the longest pause"},
    {"FewestAboveTheMost", R"({"name": "load"})", R"({"name": "load", "records_per_payment": {"min": 3, "max": 2}})",
     "5:57: /producers/0/records_per_payment: found \"min\" 3 above \"max\" 2; allowed: min <= max"},
    {"PoisonOfAProgram", R"({"name": "load"})", R"({"name": "load", "kind": "process", "poison": {"every": 10}})",
     "5:"},
    {"PoisonOfAnUnknownKind", R"({"name": "load"})",
     R"({"name": "load", "poison": {"every": 9, "kinds": ["not_jsn"]}})", "5:"},
    {"PoisonKindTwice", R"({"name": "load"})",
     R"({"name": "load", "poison": {"every": 9, "kinds": ["no_id", "no_id"]}})",
     "5:76: /producers/0/poison/kinds/1: found \"no_id\" again; allowed: each item once"},
    {"NothingButPoison", R"({"name": "load"})", R"({"name": "load", "poison": {"every": 1}})", "5:"},
    {"NoServer", R"([{"name": "server-1"}])", "[]", "3:14: /servers: "},
    {"RelaxedWithoutAReason", R"("expect": {)", R"("expect": {"relaxed": [{"invariant": "DUP"}], )",
     "9:26: /expect/relaxed/0: "},
    {"SeedBelowZero", R"("name": "base",)", R"("name": "base", "seed": -1,)", "2:27: /seed: "},
};

INSTANTIATE_TEST_SUITE_P(Mistakes, BadScenarioTest, ::testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return std::string(mistake.param.name); });

TEST(BadScenariosTest, AllMistakesAreToldAtOnceInTheirOrder) {
  std::string text = Replaced(kBase, "\"2s\"", "\"2\"");
  text = Replaced(text, "\"5s\"", "5");
  text = Replaced(text, "\"drain\"", "\"drian\"");
  EXPECT_THAT(Errors(ParseScenario("s.json", text)), ElementsAre(HasSubstr("/phases/0/duration"), HasSubstr("/drian")));
}

// A rule between two places that an override breaks stands at the other place; the error names the override all the
// same.
TEST(BadScenariosTest, AnOverrideThatBreaksARuleElsewhereIsNamed) {
  const auto errors = [](std::vector<std::string> set) {
    return Errors(ParseScenario("s.json", kBase, {.set = std::move(set), .seed = {}}));
  };
  EXPECT_THAT(errors({"/drain/timeout=7s", "/phases/0/duration=1s"}),
              ElementsAre(HasSubstr("7:67: /faults/0/at: with \"--set /phases/0/duration=1s\": found 1.0s after the "
                                    "beginning of \"steady\", which ends after 1.0s; allowed: ")));
  EXPECT_THAT(errors({"/servers/0/name=other", "/seed=010"}),
              ElementsAre(HasSubstr("/faults/0/target: with \"--set /servers/0/name=other\": there is no process ")));
  EXPECT_THAT(
      errors({"/clients/0/name=same", "/producers/0/name=same"}),
      ElementsAre(HasSubstr("/producers/0/name: in \"--set /producers/0/name=same\": the name \"same\" is taken")));
  EXPECT_THAT(errors({"/phases/0/rate=fast", "/seed=3"}),
              ElementsAre(HasSubstr("/phases/0/rate: in \"--set /phases/0/rate=fast\": found ")));
  // What was wrong before is nobody's.
  EXPECT_THAT(Errors(ParseScenario("s.json", Replaced(kBase, "server-1\", \"at", "server-2\", \"at"),
                                   {.set = {"/drain/timeout=7s"}, .seed = 5})),
              ElementsAre(HasSubstr("/faults/0/target: there is no process ")));
}

TEST(BadScenariosTest, SomethingElseThanAFileIsRefusedAtOnce) {
  const std::string fifo = ::testing::TempDir() + "scenario_fifo." + std::to_string(getpid());
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(Errors(LoadScenario(fifo)), ElementsAre(HasSubstr("not a regular file; allowed: a scenario")));
  unlink(fifo.c_str());
  EXPECT_THAT(Errors(LoadScenario("/dev/zero")), ElementsAre(HasSubstr("not a regular file")));
  EXPECT_THAT(Errors(LoadScenario("/")), ElementsAre(HasSubstr("not a regular file")));
}

TEST(BadScenariosTest, DeepNestingIsRefusedNotFollowed) {
  const std::string deep = Replaced(kBase, "\"base\"", std::string(100'000, '[') + std::string(100'000, ']'));
  EXPECT_THAT(Errors(ParseScenario("s.json", deep)), Contains(HasSubstr("s.json:2:")));
}

// Any cut and any changed byte give a plan or an error with its place.
RC_GTEST_PROP(BadScenarioProperty, AnyDamageIsAnErrorWithItsPlaceOrStillAPlan, ()) {
  std::string text = kBase;
  if (*rc::gen::arbitrary<bool>()) {
    text.resize(*rc::gen::inRange<size_t>(0, text.size()));
  } else {
    text[*rc::gen::inRange<size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
  }
  const ScenarioResult result = ParseScenario("s.json", text);
  if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
    RC_ASSERT(!errors->empty());
    for (const ScenarioError& error : *errors) RC_ASSERT(error.Text().starts_with("s.json:"));
  }
}

}  // namespace
}  // namespace harness
