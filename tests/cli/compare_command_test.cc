// `harness compare` on recorded runs: each exit code, what is refused and why, and what it writes for programs.
#include "harness/cli/compare_command.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "harness/cli/compare_arguments.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class CompareCommandTest : public testing::Test {
 protected:
  CompareCommandTest() : dir_(testing::TempDir() + "compare_command_test") {
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  ~CompareCommandTest() override { fs::remove_all(dir_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(dir_ + "/" + path).parent_path());
    std::ofstream(dir_ + "/" + path) << text;
  }

  static Json Result(double cpu_ns, const std::string& scenario) {
    return {{"schema_version", kResultSchemaVersion},
            {"scenario", scenario},
            {"verdict", "PASS"},
            {"run", {{"backend", "mock"}, {"version", "1"}, {"host", {{"cores", "2"}}}}},
            {"counts", {{"logged", 1000}}},
            {"phases", {{{"name", "steady"}, {"measured", true}, {"delivered_per_s", 500}}}},
            {"usage", {{{"name", "server-1"}, {"cpu_user_ns", cpu_ns * 1000}, {"cpu_system_ns", 0}}}}};
  }
  void AddRun(const std::string& path, const Json& result) {
    Write(path + "/result.json", result.dump());
    Write(path + "/scenario.json", R"({"phases": [{"rate": "10/s"}]})");
  }
  // Runs of `group` whose servers take about `cpu_ns` for a record.
  void AddRuns(const std::string& group, int runs, double cpu_ns, const std::string& scenario = "restart") {
    for (int i = 0; i < runs; ++i) {
      AddRun(group + "/" + scenario + std::to_string(i), Result(cpu_ns * (1 + 0.002 * i), scenario));
    }
  }

  int Compare(const std::string& a, const std::string& b) {
    out_.str("");
    err_.str("");
    options_.a = dir_ + "/" + a;
    options_.b = dir_ + "/" + b;
    const pipeline::StopSignal stop;
    return RunCompare(options_, stop, out_, err_);
  }

  const std::string dir_;
  CompareCommandOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CompareCommandTest, SaysWhatIsWorse) {
  AddRuns("a", 8, 1000);
  AddRuns("b", 8, 1100);
  EXPECT_EQ(Compare("a", "b"), 1);
  EXPECT_NE(out_.str().find("restart: WORSE: proc.server-1.cpu_per_record\n"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("+10.0%"), std::string::npos) << out_.str();
  EXPECT_EQ(Compare("b", "a"), 0);
  EXPECT_NE(out_.str().find("NOTHING IS WORSE of 2 metrics; better: proc.server-1.cpu_per_record"), std::string::npos)
      << out_.str();
}

TEST_F(CompareCommandTest, TooFewRunsAreNoPass) {
  AddRuns("a", 3, 1000);
  AddRuns("b", 3, 2000);
  EXPECT_EQ(Compare("a", "b"), 4);
  EXPECT_NE(out_.str().find("2 metrics need at least 6 runs of each, and there are 3 and 3"), std::string::npos)
      << out_.str();
  EXPECT_EQ(Compare("a/restart0", "b/restart1/result.json"), 4);
}

TEST_F(CompareCommandTest, ComparesScenarioByScenario) {
  AddRuns("a/first", 8, 1000);
  AddRuns("a/second", 8, 1000, "smoke");
  AddRuns("b", 8, 1000);
  AddRuns("b", 8, 2000, "smoke");
  EXPECT_EQ(Compare("a", "b"), 1);
  EXPECT_NE(out_.str().find("restart: NOTHING IS WORSE"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("smoke: WORSE: proc.server-1.cpu_per_record"), std::string::npos) << out_.str();
}

TEST_F(CompareCommandTest, RefusesWhatIsUnlikeUnlessForced) {
  AddRuns("a", 8, 1000);
  AddRuns("b", 7, 1000);
  Json other = Result(1000, "restart");
  other["run"]["backend"] = "Kafka x:9092";
  other["run"]["host"]["cores"] = "64";
  AddRun("b/z", other);
  EXPECT_EQ(Compare("a", "b"), 2);
  EXPECT_NE(err_.str().find("the backends differ: mock and Kafka x:9092\n"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("the machines differ: cores 2 and 64\n"), std::string::npos) << err_.str();
  EXPECT_EQ(out_.str(), "");
  options_.settings.force = true;
  EXPECT_EQ(Compare("a", "b"), 0);
  EXPECT_NE(out_.str().find("unlike: the backends differ"), std::string::npos) << out_.str();
}

TEST_F(CompareCommandTest, RefusesAnotherScenario) {
  AddRuns("a", 8, 1000);
  AddRuns("b", 8, 1000, "smoke");
  EXPECT_EQ(Compare("a", "b"), 2);
  EXPECT_NE(err_.str().find("has runs of smoke"), std::string::npos) << err_.str();
  AddRuns("c", 8, 1000);
  Write("c/restart3/scenario.json", R"({"phases": [{"rate": "20/s"}]})");
  EXPECT_EQ(Compare("a", "c"), 2);
  EXPECT_NE(err_.str().find("the scenarios differ at /phases/0/rate"), std::string::npos) << err_.str();
}

TEST_F(CompareCommandTest, RefusesRunsThatProveNothing) {
  AddRuns("a", 8, 1000);
  AddRuns("b", 8, 1000);
  for (const char* verdict : {"INVALID", "ERROR", "INTERRUPTED"}) {
    Json result = Result(1000, "restart");
    result["verdict"] = verdict;
    AddRun("b/restart0", result);
    EXPECT_EQ(Compare("a", "b"), 2) << verdict;
    EXPECT_NE(err_.str().find(std::string("restart0 is ") + verdict + ", so its figures prove nothing"),
              std::string::npos)
        << err_.str();
  }
  Json failed = Result(1000, "restart");
  failed["verdict"] = "FAIL";
  AddRun("b/restart0", failed);
  EXPECT_EQ(Compare("a", "b"), 0);
  EXPECT_NE(out_.str().find("restart0 is FAIL\n"), std::string::npos) << out_.str();
}

TEST_F(CompareCommandTest, TellsNothingThereFromUnreadable) {
  AddRuns("a", 1, 1000);
  fs::create_directories(dir_ + "/empty");
  EXPECT_EQ(Compare("a", "nowhere"), 2);
  EXPECT_EQ(Compare("a", "empty"), 2);
  Write("broken/result.json", "{\"run\": ");
  EXPECT_EQ(Compare("a", "broken"), 3);
  EXPECT_NE(err_.str().find("broken/result.json: it is no JSON object"), std::string::npos) << err_.str();
  fs::create_directories(dir_ + "/folder/result.json");
  EXPECT_EQ(Compare("a", "folder"), 3);
  fs::create_directories(dir_ + "/fifo");
  ASSERT_EQ(mkfifo((dir_ + "/fifo/result.json").c_str(), 0600), 0);
  EXPECT_EQ(Compare("a", "fifo"), 3);
}

TEST_F(CompareCommandTest, ComparesTheMetricsThatAreNamed) {
  AddRuns("a", 5, 1000);
  AddRuns("b", 5, 2000);
  EXPECT_EQ(Compare("a", "b"), 4);  // of two metrics five runs can't show anything
  for (const char* name : {"proc.server-1", "proc.server-1.cpu_per_record", "p*.cpu_*"}) {
    options_.settings.metrics = {name};
    EXPECT_EQ(Compare("a", "b"), 1) << name;
  }
  options_.settings.metrics = {"proc.server"};
  EXPECT_EQ(Compare("a", "b"), 2);
  EXPECT_NE(err_.str().find(
                "both have no metric proc.server; there are proc.server-1.cpu_per_record, throughput.delivered.steady"),
            std::string::npos)
      << err_.str();
}

TEST_F(CompareCommandTest, WritesItForPrograms) {
  AddRuns("a", 8, 1000);
  AddRuns("b", 8, 1100);
  options_.settings.json_path = dir_ + "/comparison.json";
  EXPECT_EQ(Compare("a", "b"), 1);
  const Json json = Json::parse(std::ifstream(options_.settings.json_path));
  EXPECT_EQ(json["exit_code"], 1);
  const Json& metric = json["scenarios"][0]["metrics"][0];
  EXPECT_EQ(metric["name"], "proc.server-1.cpu_per_record");
  EXPECT_EQ(metric["verdict"], "worse");
  EXPECT_EQ(metric["a"]["runs"], 8);
  EXPECT_LT(metric["a"]["low"], metric["a"]["median"]);
  options_.settings.json_path = dir_ + "/no/such/comparison.json";
  EXPECT_EQ(Compare("a", "b"), 3);
}

TEST(ShareTest, IsPercentOrAShareOfOne) {
  const auto share = [](std::string text) {
    const std::string problem = Share()(text);
    return problem.empty() ? text : "!";
  };
  EXPECT_EQ(share("5%"), "0.05");
  EXPECT_EQ(share("0.05"), "0.05");
  EXPECT_EQ(share("12.5%"), "0.125");
  for (const char* text : {"", "%", "5 %", "-1", "5%%", "x", "nan", "1e3"}) EXPECT_EQ(share(text), "!") << text;
}

}  // namespace
}  // namespace harness
