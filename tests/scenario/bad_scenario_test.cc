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
