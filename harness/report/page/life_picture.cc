#include "harness/report/page/life_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "harness/report/page/html.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kClientsShown = 6;
constexpr size_t kSightingsShown = 4;  // by one client
constexpr size_t kMeanwhileShown = 8;
constexpr size_t kTextColumns = 40;
constexpr size_t kTextLinesMax = 3;
constexpr int kTimeX = 76;  // where times end
constexpr int kLineX = 92;
constexpr int kTextX = 108;
constexpr int kWidth = 400;
constexpr int kLineHeight = 17;
constexpr int kGap = 16;

bool IsMissing(const std::string& sentence) {
  return sentence == "never received" || sentence == "not found by the audit" || sentence == "not in its journal";
}

class StepFinder {
 public:
  StepFinder(const History& history, std::span<const RunEvent> life, const Violation& violation)
      : history_(history), life_(life), violation_(violation) {}

  std::vector<LifeStep> Find() {
    ChooseClients();
    std::vector<RunEvent> all;
    for (const RunEvent& event : life_) {
      if (IsShown(event)) all.push_back(event);
    }
    const std::vector<RunEvent> meanwhile = Meanwhile();
    all.insert(all.end(), meanwhile.begin(), meanwhile.end());
    std::stable_sort(all.begin(), all.end(), Before);
    for (const RunEvent& event : all) AddEvent(event);
    if (untold_clients_ > 0) {
      steps_.push_back(
          {LifeStep::Kind::kSeen, 0, Counted(static_cast<int64_t>(untold_clients_), "more client"), "received it"});
    }
    for (const Absence& absence : AbsencesOf(history_, life_)) {
      steps_.push_back({IsMissing(absence.sentence) ? LifeStep::Kind::kMissing : LifeStep::Kind::kNotKnown, 0,
                        absence.place, absence.sentence});
    }
    return std::move(steps_);
  }

 private:
  void ChooseClients() {
    seen_.resize(history_.clients.size());
    shown_.resize(history_.clients.size());
    std::vector<bool> received(history_.clients.size());
    for (const RunEvent& event : life_) {
      if (event.type == EventType::kDelivered) received[event.actor] = true;
    }
    size_t chosen = 0;
    for (size_t c = 0; c < received.size(); ++c) {
      if (!received[c]) continue;
      shown_[c] = history_.clients[c].name == violation_.client || chosen < kClientsShown;
      if (shown_[c]) {
        ++chosen;
      } else {
        ++untold_clients_;
      }
    }
  }

  bool IsShown(const RunEvent& event) {
    if (event.type != EventType::kDelivered) return true;
    return shown_[event.actor] && seen_[event.actor]++ < kSightingsShown;
  }

  // Of what else happened: faults, deaths, and the streams of the client that it is about.
  std::vector<RunEvent> Meanwhile() const {
    std::vector<RunEvent> kept;
    for (const RunEvent& event : MeanwhileOf(history_, life_)) {
      const bool of_client = event.type == EventType::kConnected || event.type == EventType::kDisconnected;
      const bool wanted = event.type == EventType::kFaultStruck || event.type == EventType::kFaultHealed ||
                          event.type == EventType::kProcessEnded ||
                          (of_client && history_.clients[event.actor].name == violation_.client);
      if (wanted && kept.size() < kMeanwhileShown) kept.push_back(event);
    }
    return kept;
  }

  void AddEvent(const RunEvent& event) {
    LifeStep step;
    step.time_ns = event.time_ns;
    step.place = EventPlace(history_, event);
    step.text = EventText(history_, event, violation_.partition);
    const bool of_record = event.type >= EventType::kPlanned && event.type <= EventType::kDelivered;
    if (!of_record) step.kind = LifeStep::Kind::kMeanwhile;
    if (event.type == EventType::kOutcome && event.time_ns == 0) step.kind = LifeStep::Kind::kNotKnown;
    if (event.type == EventType::kDelivered && DeliveryOf(history_, event).kind == DeliveryKind::kDropped) {
      step.kind = LifeStep::Kind::kDropped;
    }
    steps_.push_back(std::move(step));
  }

  const History& history_;
  const std::span<const RunEvent> life_;
  const Violation& violation_;
  std::vector<size_t> seen_;  // sightings by client
  std::vector<bool> shown_;   // by client
  size_t untold_clients_ = 0;
  std::vector<LifeStep> steps_;
};

std::string Sign(LifeStep::Kind kind, int y) {
  switch (kind) {
    case LifeStep::Kind::kSeen:
      return fmt::format("<circle class=\"seen\" cx=\"{}\" cy=\"{}\" r=\"6\"/>", kLineX, y);
    case LifeStep::Kind::kDropped:
      return fmt::format("<rect class=\"dropped\" x=\"{}\" y=\"{}\" width=\"11\" height=\"11\"/>", kLineX - 5, y - 5);
    case LifeStep::Kind::kMeanwhile:
      return fmt::format("<path class=\"meanwhile\" d=\"M{} {}l6 11h-12z\"/>", kLineX, y - 6);
    case LifeStep::Kind::kMissing:
      return fmt::format("<path class=\"absent\" d=\"M{0} {1}l10 10m0 -10l-10 10\"/>", kLineX - 5, y - 5);
    case LifeStep::Kind::kNotKnown:
      return fmt::format("<circle class=\"unknown\" cx=\"{}\" cy=\"{}\" r=\"5\"/>", kLineX, y);
  }
  return "";
}

// Wrapped, and what is beyond the last line cut off.
std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines = Wrapped(Printable(text), kTextColumns);
  if (lines.size() > kTextLinesMax) {
    lines.resize(kTextLinesMax);
    lines.back() = Clipped(lines.back() + " …", kTextColumns);
    if (!lines.back().ends_with("…")) lines.back() += "…";
  }
  return lines;
}

}  // namespace

std::vector<LifeStep> LifeSteps(const History& history, std::span<const RunEvent> life, const Violation& violation) {
  if (life.empty()) return {};
  return StepFinder(history, life, violation).Find();
}

std::string LifePicture(const std::vector<LifeStep>& steps, int64_t origin_ns, std::string_view title) {
  if (steps.empty()) return "";
  std::string lines;
  std::string signs;
  std::string told;
  int y = 14;
  int last_y = 0;
  for (const LifeStep& step : steps) {
    const bool is_missing = step.kind == LifeStep::Kind::kMissing;
    if (last_y != 0) {
      lines += fmt::format("<line{} x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\"/>",
                           step.time_ns == 0 ? " class=\"none\"" : "", last_y + 8, y - 8, fmt::arg("x", kLineX));
    }
    last_y = y;
    signs += Sign(step.kind, y);
    const std::string when = step.time_ns == 0 ? "" : MomentText(step.time_ns, origin_ns);
    told += fmt::format("{} {}: {}. ", when, step.place, step.text);
    signs +=
        fmt::format("<text class=\"when\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>", kTimeX, y + 4, Html(when));
    signs += fmt::format("<text class=\"place{}\" x=\"{}\" y=\"{}\">{}</text>", is_missing ? " lost" : "", kTextX,
                         y + 4, Html(Clipped(Printable(step.place), kTextColumns)));
    for (const std::string& line : Lines(step.text)) {
      y += kLineHeight;
      signs += fmt::format("<text{} x=\"{}\" y=\"{}\">{}</text>", is_missing ? " class=\"lost\"" : "", kTextX, y + 4,
                           Html(line));
    }
    y += kLineHeight + kGap;
  }
  return fmt::format(
      "<svg class=\"life\" role=\"img\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" aria-label=\"{2}\">"
      "<title>{3}</title>{4}{5}</svg>\n",
      kWidth, y - kGap, Html(std::string(title) + ". " + told), Html(title), lines, signs);
}

}  // namespace harness
