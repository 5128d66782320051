// HTML as report.html and index.html are made of it. What a run wrote comes in through Html, HtmlLines and ScriptJson,
// and through nothing else: names, reasons and log lines may hold anything. Called by the page's parts. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/report.h"

namespace harness {

// Text or the value of a quoted attribute; control characters and what is not UTF-8 become '?'.
std::string Html(std::string_view text);
// Likewise, and lines stay lines: for <pre>.
std::string HtmlLines(std::string_view text);
// A path as a relative URL in a quoted attribute: no name of a folder is taken for a scheme, a query or a fragment.
std::string HtmlPath(std::string_view path);
// For a <script type="application/json">: nothing in it ends the element.
std::string ScriptJson(const nlohmann::ordered_json& json);

// The class, the sign and the word by which a state is shown; never by its colour alone.
struct StateLook {
  std::string_view css;  // "good", "bad", "doubt", "soft"
  std::string_view sign;
  std::string_view word;
};
StateLook LookOf(CheckState state);
StateLook LookOf(RunVerdict verdict);
StateLook LookOfExitCode(int exit_code);

class HtmlTable {
 public:
  struct Column {
    std::string name;
    bool is_number = false;
  };
  // `caption`: text; what the table shows, for those who come to it from nowhere.
  HtmlTable(std::string_view caption, std::vector<Column> columns);
  // As many cells as columns, each HTML; the first names the row.
  void Add(const std::vector<std::string>& cells, std::string_view css = "");
  bool empty() const { return rows_.empty(); }
  std::string Text() const;

 private:
  std::string caption_;
  std::vector<Column> columns_;
  std::string rows_;
};

// A whole document around `body`. Nothing in it reaches out: a policy forbids every request, and no script runs but
// those given here, whatever a name may hold. `scripts`: the texts of <script> elements, in their order.
std::string HtmlDocument(std::string_view title, const std::string& body, const std::vector<std::string>& styles,
                         const std::vector<std::string>& scripts);

}  // namespace harness
