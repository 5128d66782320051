#include "harness/report/page/html.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <utility>

#include "harness/report/text.h"
#include "harness/verify/exit_codes.h"

namespace harness {

std::string Html(std::string_view text) { return XmlEscaped(text); }

std::string HtmlLines(std::string_view text) {
  std::string lines;
  while (true) {
    const size_t end = text.find('\n');
    lines += Html(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    lines += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string HtmlPath(std::string_view path) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/";
  std::string url = path.starts_with("/") ? "" : "./";
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      url += c;
    } else {
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return url;
}

std::string ScriptJson(const nlohmann::ordered_json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";  // "</script>" and "<!--"
    } else {
      text += c;
    }
  }
  return text;
}

StateLook LookOf(CheckState state) {
  switch (state) {
    case CheckState::kPass:
      return {"good", "✓", "holds"};
    case CheckState::kViolated:
      return {"bad", "✗", "violated"};
    case CheckState::kInvalid:
      return {"doubt", "?", "not proved"};
    case CheckState::kNotApplicable:
      return {"soft", "–", "not applicable"};
    case CheckState::kRelaxed:
      return {"doubt", "!", "violated, relaxed"};
    case CheckState::kReported:
      return {"doubt", "!", "reported, not judged"};
  }
  return {"doubt", "?", ""};
}

StateLook LookOf(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::kPass:
      return {"good", "✓", "PASS"};
    case RunVerdict::kFail:
      return {"bad", "✗", "FAIL"};
    case RunVerdict::kInvalid:
      return {"doubt", "?", "INVALID"};
    case RunVerdict::kInterrupted:
      return {"doubt", "!", "INTERRUPTED"};
  }
  return {"doubt", "?", ""};
}

StateLook LookOfExitCode(int exit_code) {
  switch (exit_code) {
    case kExitPass:
      return LookOf(RunVerdict::kPass);
    case kExitFail:
      return LookOf(RunVerdict::kFail);
    case kExitInvalid:
      return LookOf(RunVerdict::kInvalid);
    case kExitInterrupted:
      return LookOf(RunVerdict::kInterrupted);
    default:
      return {"doubt", "!", "ERROR"};
  }
}

HtmlTable::HtmlTable(std::string_view caption, std::vector<Column> columns)
    : caption_(caption), columns_(std::move(columns)) {}

void HtmlTable::Add(const std::vector<std::string>& cells, std::string_view css) {
  rows_ += css.empty() ? "<tr>" : fmt::format("<tr class=\"{}\">", css);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i == 0) {
      rows_ += fmt::format("<th scope=\"row\">{}</th>", cells[i]);
    } else {
      rows_ += fmt::format("<td{}>{}</td>", columns_[i].is_number ? " class=\"n\"" : "", cells[i]);
    }
  }
  rows_ += "</tr>\n";
}

std::string HtmlTable::Text() const {
  std::string head;
  for (const Column& column : columns_) {
    head += fmt::format("<th scope=\"col\"{}>{}</th>", column.is_number ? " class=\"n\"" : "", Html(column.name));
  }
  // A wide table scrolls by itself, also by keyboard.
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption>\n"
      "<thead><tr>{1}</tr></thead>\n<tbody>\n{2}</tbody></table></div>\n",
      Html(caption_), head, rows_);
}

std::string HtmlDocument(std::string_view title, const std::string& body, const std::vector<std::string>& styles,
                         const std::vector<std::string>& scripts) {
  // Known only once everything that a run wrote stands in the page: nobody can have put it there.
  const XXH128_hash_t hash = XXH3_128bits(body.data(), body.size());
  const std::string nonce = fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'nonce-{0}'; "
      "style-src 'nonce-{0}'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{1}</title>\n",
      nonce, Html(title));
  for (const std::string& style : styles) html += fmt::format("<style nonce=\"{}\">\n{}\n</style>\n", nonce, style);
  html += "</head>\n<body>\n" + body;
  for (const std::string& script : scripts)
    html += fmt::format("<script nonce=\"{}\">\n{}\n</script>\n", nonce, script);
  return html + "</body>\n</html>\n";
}

}  // namespace harness
