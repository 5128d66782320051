// `--set` takes several values, so long as they look like settings; scenarios may stand before and behind.
#include "harness/cli/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace harness {
namespace {

using Words = std::vector<std::string>;

TEST(SpreadSettingsTest, SeveralValuesFollowOneSet) {
  EXPECT_EQ(SpreadSettings({"run", "--set", "/a=1", "/b=2", "/c/0=x y", "s.json"}),
            (Words{"run", "--set", "/a=1", "--set", "/b=2", "--set", "/c/0=x y", "s.json"}));
  EXPECT_EQ(SpreadSettings({"--set=/a=1", "/b=2", "--seed", "3"}),
            (Words{"--set=/a=1", "--set", "/b=2", "--seed", "3"}));
  EXPECT_EQ(SpreadSettings({"--set", "/a=1", "--set", "/b=2", "/c=3"}),
            (Words{"--set", "/a=1", "--set", "/b=2", "--set", "/c=3"}));
}

TEST(SpreadSettingsTest, AScenarioIsNoSetting) {
  EXPECT_EQ(SpreadSettings({"--set", "/a=1", "scenarios/"}), (Words{"--set", "/a=1", "scenarios/"}));
  EXPECT_EQ(SpreadSettings({"--set", "/a=1", "/tmp"}), (Words{"--set", "/a=1", "/tmp"}));
  EXPECT_EQ(SpreadSettings({"--set", "/a=1", "s.json", "/b=2"}), (Words{"--set", "/a=1", "s.json", "/b=2"}));
  EXPECT_EQ(SpreadSettings({"/b=2", "--set"}), (Words{"/b=2", "--set"}));
  EXPECT_EQ(SpreadSettings({"--set", "/a=1", "--", "/b=2"}), (Words{"--set", "/a=1", "--", "/b=2"}));
  EXPECT_EQ(SpreadSettings({}), Words{});
}

}  // namespace
}  // namespace harness
