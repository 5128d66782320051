// Every field of the wire contract and of a raw record has an invariant that judges it, or a reason why none does: a
// row in docs/verification.md. A field that is new has none yet, and fails here.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "payment.pb.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

// The rows "| `Message.field` | INVARIANT, ... | ... |".
std::map<std::string, std::string> RowsOfTheTable() {
  std::map<std::string, std::string> rows;
  std::ifstream file(std::string(PIPELINE_SOURCE_DIR) + "/docs/verification.md");
  bool in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_table = line == "## What judges each field";
    if (!in_table || !line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3);
    rows[line.substr(3, end - 3)] = line.substr(end + 1);
  }
  return rows;
}

std::set<std::string> FieldsOfTheContract() {
  std::set<std::string> fields;
  const google::protobuf::FileDescriptor& file = *::payment::Payment::descriptor()->file();
  for (int m = 0; m < file.message_type_count(); ++m) {
    const google::protobuf::Descriptor& message = *file.message_type(m);
    for (int f = 0; f < message.field_count(); ++f) {
      fields.insert(std::string(message.name()) + "." + std::string(message.field(f)->name()));
    }
  }
  for (const char* member : {"id", "provider", "amount", "currency", "status", "customer_email", "metadata",
                             "timestamp", "(key)", "(timestamp of Kafka)", "(place)"}) {
    fields.insert("record." + std::string(member));
  }
  return fields;
}

TEST(FieldsTest, EachHasARowAndEachRowAField) {
  std::set<std::string> rows;
  for (const auto& [field, rest] : RowsOfTheTable()) rows.insert(field);
  EXPECT_EQ(rows, FieldsOfTheContract());
}

TEST(FieldsTest, EachRowNamesAnInvariantOrSaysWhyNot) {
  std::set<std::string> invariants;
  for (const CheckResult& result : Story().Judged().invariants) invariants.insert(result.name);
  for (const auto& [field, rest] : RowsOfTheTable()) {
    std::string column = rest.substr(rest.find('|') + 1);
    column = column.substr(0, column.find('|'));
    if (column.find("none: ") != std::string::npos) continue;
    std::istringstream words(column);
    int named = 0;
    for (std::string word; std::getline(words, word, ',');) {
      word.erase(0, word.find_first_not_of(' '));
      word.erase(word.find_last_not_of(' ') + 1);
      EXPECT_TRUE(invariants.contains(word)) << field << ": " << word;
      ++named;
    }
    EXPECT_GT(named, 0) << field;
  }
}

}  // namespace
}  // namespace harness
