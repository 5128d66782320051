// The first parts of the page: the verdict, what went wrong with each record's life as a picture, and the counts.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/report/headline.h"
#include "harness/report/names.h"
#include "harness/report/page/html.h"
#include "harness/report/page/life_picture.h"
#include "harness/report/page/page.h"
#include "harness/report/record_life.h"
#include "harness/report/story.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kPicturesMax = 40;
constexpr size_t kSentencesShown = 6;

// Every broken check's violations, each with the life of its record, looked up in one pass over the run.
class StoryWriter {
 public:
  explicit StoryWriter(const Report& report) : report_(report), history_(report.history), chapters_(StoryOf(report)) {}

  std::string Write() {
    if (chapters_.empty()) return "";
    LookUpLives();
    std::string html =
        "<section aria-labelledby=\"h-story\"><h2 id=\"h-story\">What went wrong</h2>\n"
        "<p>What broke first comes first. Times count from the begin of the load.</p>\n";
    for (size_t i = 0; i < chapters_.size(); ++i) html += ChapterHtml(i);
    return html + "</section>\n";
  }

 private:
  static const Violation* FirstOf(const CheckResult& check) {
    return check.violations.empty() ? nullptr : &check.violations.front();
  }

  void LookUpLives() {
    for (const Chapter& chapter : chapters_) {
      for (const Violation& violation : chapter.check->violations) AddRecord(violation);
    }
    std::vector<RecordName> names;
    for (const auto& [violation, name] : records_) names.push_back(name);
    if (!names.empty()) life_ = LifeOf(history_, names);
  }
  void AddRecord(const Violation& violation) {
    if (records_.size() == kPicturesMax) return;
    RecordName name{violation.rec, {}, 0};
    if (violation.offset >= 0) name.positions.push_back({violation.partition, violation.offset});
    if (!name.rec.has_value() && name.positions.empty()) {
      if (violation.id_hash == 0) return;
      name.id_hash = violation.id_hash;
    }
    records_.emplace(&violation, Completed(history_, std::move(name)));
  }

  std::string Picture(const Violation& violation) const {
    const auto record = records_.find(&violation);
    if (record == records_.end()) return "";
    const std::vector<RunEvent> life = LifeWithin(history_, life_, record->second);
    return LifePicture(LifeSteps(history_, life, violation), history_.load_begin_ns,
                       "The life of " + RecordText(violation));
  }
  std::string RecordText(const Violation& violation) const {
    const auto record = records_.find(&violation);
    const Rec rec = record != records_.end() ? record->second.rec : violation.rec;
    if (rec.has_value()) return RecText(history_, rec);
    if (violation.offset >= 0) return fmt::format("partition {} offset {}", violation.partition, violation.offset);
    return PaymentIdText(history_, violation.id_hash);
  }
  // As `harness history --record` takes it; empty: it is about no record.
  std::string RecordArgument(const Violation& violation) const {
    if (violation.rec.has_value()) return RecText(history_, violation.rec);
    if (violation.offset >= 0) return fmt::format("{}@{}", violation.partition, violation.offset);
    return std::string(PaymentId(history_, violation.id_hash));
  }

  std::string ChapterHtml(size_t index) const {
    const Chapter& chapter = chapters_[index];
    const CheckResult& check = *chapter.check;
    const Violation* first = FirstOf(check);
    std::string title = fmt::format("{}. {}", index + 1, check.name);
    if (check.violation_count > 1) title += ", " + Counted(check.violation_count, "violation");
    if (first != nullptr && first->time_ns != 0) {
      title +=
          (check.violation_count > 1 ? ", the first at " : " at ") + MomentText(first->time_ns, history_.load_begin_ns);
    }
    std::string html = fmt::format("<div class=\"chapter\"><h3 id=\"story-{}\">{}</h3>\n", index + 1, Html(title));
    html += fmt::format("<p>{}</p>\n", Html(first == nullptr ? check.reason : first->sentence));
    if (first != nullptr) html += fmt::format("<p><b>Suspected:</b> {}</p>\n", Html(SuspectsText(*first)));
    if (first != nullptr && !check.reason.empty()) html += fmt::format("<p>{}</p>\n", Html(check.reason));
    html += "<div class=\"split\"><div>" + (first == nullptr ? std::string() : Picture(*first)) + "</div><div>";
    html += Below(chapter) + Contents(first) + Further(check) + Commands(first);
    return html + "</div></div></div>\n";
  }

  static std::string BrokenText(const CheckResult& check) {
    std::string text = check.name;
    if (check.violation_count > 1) text += ", " + Counted(check.violation_count, "violation");
    const Violation* first = FirstOf(check);
    return text + (first != nullptr ? ": " + first->sentence : check.reason.empty() ? "" : ": " + check.reason);
  }
  static std::string Below(const Chapter& chapter) {
    std::string html;
    const auto add = [&html](std::string_view title, const std::vector<const CheckResult*>& checks) {
      if (checks.empty()) return;
      html += fmt::format("<p><b>{}</b></p><ul class=\"plain\">", title);
      for (const CheckResult* check : checks) html += fmt::format("<li>{}</li>", Html(BrokenText(*check)));
      html += "</ul>\n";
    };
    add("The same record breaks", chapter.same);
    add("What may follow from it", chapter.follows);
    return html;
  }

  // What was kept of the record wherever it stood.
  std::string Contents(const Violation* violation) const {
    if (violation == nullptr || violation->offset < 0) return "";
    std::string html;
    for (const KeptContent& content : history_.contents) {
      if (content.partition != violation->partition || content.offset != violation->offset || content.value.empty()) {
        continue;
      }
      html += fmt::format("<p><b>In {}</b></p><pre tabindex=\"0\">{}</pre>\n", Html(content.where),
                          HtmlLines(std::string_view(content.value).substr(0, 2'000)));
    }
    return html;
  }

  std::string Further(const CheckResult& check) const {
    if (check.violations.size() < 2) return "";
    const auto kept = static_cast<int64_t>(check.violations.size());
    std::string html = fmt::format("<details class=\"print\"><summary>{}{}</summary>\n",
                                   Counted(check.violation_count - 1, "further violation"),
                                   check.violation_count > kept ? fmt::format(", the first {}", kept - 1) : "");
    for (size_t i = 1; i < check.violations.size(); ++i) {
      const Violation& violation = check.violations[i];
      html += fmt::format("<p>{} (suspected: {})</p>\n", Html(violation.sentence), Html(SuspectsText(violation)));
      if (i <= kSentencesShown) html += Picture(violation);
    }
    return html + "</details>\n";
  }

  std::string Commands(const Violation* violation) const {
    const std::string record = violation == nullptr ? "" : RecordArgument(*violation);
    if (record.empty() || !report_.facts.has_journal || report_.facts.run_dir.empty()) return "";
    return fmt::format(
        "<p><b>All of its life, in time order</b></p><div class=\"copy\"><pre tabindex=\"0\">{}</pre>"
        "<button type=\"button\" hidden>Copy</button></div>\n",
        Html(HistoryCommand(report_, record)));
  }

  const Report& report_;
  const History& history_;
  const std::vector<Chapter> chapters_;
  std::map<const Violation*, RecordName> records_;
  std::vector<RunEvent> life_;  // of all records
};

// The worst of the clients that are seen.
int64_t LeastDelivered(const Report& report) {
  int64_t least = -1;
  for (size_t i = 0; i < report.metrics.clients.size() && i < report.history.clients.size(); ++i) {
    if (!report.history.clients[i].observed) continue;
    const int64_t delivered = report.metrics.clients[i].delivered;
    if (least < 0 || delivered < least) least = delivered;
  }
  return least;
}

int64_t WorstP99Ns(const Metrics& metrics) {
  int64_t worst_ns = 0;
  for (const ClientFigures& client : metrics.clients) {
    if (client.e2e.count() > 0) worst_ns = std::max(worst_ns, *client.e2e.AtQuantile(0.99));
  }
  return worst_ns;
}

}  // namespace

std::string VerdictPart(const Report& report) {
  const RunFacts& facts = report.facts;
  const StateLook look = LookOf(report.verdict.verdict);
  std::string details = fmt::format("Seed {}", report.scenario.seed);
  if (facts.duration_ns > 0) details += ", took " + DurationText(facts.duration_ns);
  details += fmt::format(", exit code {}", report.verdict.exit_code);
  if (!facts.backend.empty()) details += ", on " + facts.backend;
  if (!facts.started_at.empty()) details += ", begun " + facts.started_at;
  std::string html = fmt::format("<h1>{}</h1>\n", Html(report.scenario.name));
  if (!report.scenario.description.empty()) html += fmt::format("<p>{}</p>\n", Html(report.scenario.description));
  return html +
         fmt::format(
             "<div class=\"verdict {}\" role=\"status\"><b aria-hidden=\"true\">{}</b><div><b id=\"verdict\">{}</b>"
             "<p id=\"headline\">{}</p></div></div>\n<p class=\"soft\">{}</p>\n",
             look.css, look.sign, look.word, Html(Headline(report)), Html(details));
}

std::string StoryPart(const Report& report) { return StoryWriter(report).Write(); }

std::string FiguresPart(const Report& report) {
  const Metrics& metrics = report.metrics;
  std::string html = "<section aria-labelledby=\"h-counts\"><h2 id=\"h-counts\">Counts</h2>\n<dl class=\"tiles\">";
  const auto add = [&html](std::string_view name, const std::string& value) {
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, Html(value));
  };
  add("sent", CountText(metrics.sent));
  add("acknowledged", CountText(metrics.acked));
  if (metrics.failed > 0) add("failed", CountText(metrics.failed));
  add("in doubt", CountText(metrics.unknown));
  if (report.history.audited) add("in the topic", CountText(metrics.logged));
  if (metrics.rejected > 0) add("no valid record", CountText(metrics.rejected));
  if (const int64_t least = LeastDelivered(report); least >= 0) {
    add(metrics.clients.size() > 1 ? "delivered, the client with least" : "delivered", CountText(least));
  }
  if (metrics.e2e.count() > 0) {
    add("planned to delivered, p50", DurationText(*metrics.e2e.AtQuantile(0.5)));
    add(metrics.clients.size() > 1 ? "p99, the worst client" : "p99", DurationText(WorstP99Ns(metrics)));
  }
  return html + "</dl></section>\n";
}

}  // namespace harness
