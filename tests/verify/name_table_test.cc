// A NameTable knows what was told first of each hash, like a map; copies and what was moved are whole.
#include "harness/verify/name_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace harness {
namespace {

std::map<uint64_t, std::string> AllOf(const NameTable& names) {
  std::map<uint64_t, std::string> all;
  names.ForEach([&](uint64_t id_hash, std::string_view text) { all.emplace(id_hash, text); });
  return all;
}

RC_GTEST_PROP(NameTableTest, KnowsTheFirstTextOfEachHash, ()) {
  const auto told = *rc::gen::container<std::vector<std::pair<uint64_t, std::string>>>(
      rc::gen::pair(rc::gen::inRange<uint64_t>(0, 20), rc::gen::arbitrary<std::string>()));
  NameTable names;
  std::map<uint64_t, std::string> first;
  for (const auto& [id_hash, text] : told) RC_ASSERT(names.Add(id_hash, text) == first.emplace(id_hash, text).second);
  RC_ASSERT(AllOf(names) == first);
  RC_ASSERT(names.size() == first.size());
  for (uint64_t id_hash = 0; id_hash < 21; ++id_hash) {
    RC_ASSERT(names.Find(id_hash).has_value() == first.contains(id_hash));
    if (first.contains(id_hash)) RC_ASSERT(names.Find(id_hash) == first[id_hash]);
  }
  NameTable copy = names;
  copy.Add(100, "another");
  RC_ASSERT(AllOf(names) == first);
  const NameTable moved = std::move(names);
  RC_ASSERT(AllOf(moved) == first);
  RC_ASSERT(AllOf(copy).size() == first.size() + 1);
}

TEST(NameTableTest, CutsATextThatIsTooLong) {
  NameTable names;
  names.Add(1, std::string(NameTable::kTextBytesMax + 1, 'x'));
  names.Add(2, "behind it");
  EXPECT_EQ(names.Find(1)->size(), NameTable::kTextBytesMax);
  EXPECT_EQ(names.Find(2), "behind it");
}

}  // namespace
}  // namespace harness
