#include "harness/scenario/error_list.h"

#include <algorithm>
#include <numeric>

namespace harness {
namespace {

constexpr size_t kShownBytesMax = 80;
constexpr size_t kSuggestBytesMax = 64;
// Kept beyond what is reported, so that sorting by line chooses among more than the first ones found.
constexpr size_t kKeptMax = 4 * kScenarioErrorsMax;

// Levenshtein's distance between two short words.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

bool IsAtOrBelow(std::string_view pointer, std::string_view root) {
  return pointer.starts_with(root) && (pointer.size() == root.size() || pointer[root.size()] == '/');
}

}  // namespace

void ErrorList::SetOverride(std::string pointer, std::string text) {
  overrides_.emplace_back(std::move(pointer), std::move(text));
}

void ErrorList::AtValue(std::string_view pointer, std::string message) {
  Add(pointer, places_->OfValue(pointer), std::move(message));
}

void ErrorList::AtKey(std::string_view pointer, std::string message) {
  Add(pointer, places_->OfKey(pointer), std::move(message));
}

void ErrorList::InOverride(const std::string& text, std::string message) {
  Add("", {}, "in " + Quoted(text) + ": " + std::move(message));
}

void ErrorList::Add(std::string_view pointer, TextPlace place, std::string message) {
  // The last override of a place is the one whose value stands there.
  for (auto override = overrides_.rbegin(); override != overrides_.rend(); ++override) {
    if (IsAtOrBelow(pointer, override->first)) {
      place = {};
      message.insert(0, "in " + Quoted(override->second) + ": ");
      break;
    }
  }
  Append({file_, place.line, place.column, std::string(pointer), std::move(message)});
}

void ErrorList::Append(ScenarioError error) {
  const bool known = std::any_of(errors_.begin(), errors_.end(), [&](const ScenarioError& other) {
    return other.pointer == error.pointer && other.message == error.message;
  });
  if (known) return;
  if (errors_.size() >= kKeptMax) {
    ++dropped_;
    return;
  }
  errors_.push_back(std::move(error));
}

std::vector<ScenarioError> ErrorList::Take() {
  std::stable_sort(errors_.begin(), errors_.end(), [](const ScenarioError& a, const ScenarioError& b) {
    // Errors without a line come last.
    return std::pair(a.line == 0, std::pair(a.line, a.column)) < std::pair(b.line == 0, std::pair(b.line, b.column));
  });
  if (errors_.size() > kScenarioErrorsMax) {
    dropped_ += errors_.size() - (kScenarioErrorsMax - 1);
    errors_.resize(kScenarioErrorsMax - 1);
    errors_.push_back({file_, 0, 0, "", "and " + std::to_string(dropped_) + " more errors"});
  }
  return std::move(errors_);
}

std::string QuotedList(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += Quoted(words[i]);
  }
  return text;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > kSuggestBytesMax) return "";
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;  // one letter, or a third of them
  for (const std::string& candidate : known) {
    if (candidate.size() > kSuggestBytesMax) continue;
    const size_t distance = Distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best == nullptr ? "" : ", did you mean " + Quoted(*best) + "?";
}

std::string Quoted(std::string_view text) {
  if (text.size() <= kShownBytesMax) return "\"" + std::string(text) + "\"";
  size_t cut = kShownBytesMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // not inside a UTF-8 character
  return "\"" + std::string(text.substr(0, cut)) + "...\"";
}

std::string Shown(const Json& value) {
  switch (value.type()) {
    case Json::value_t::string:
      return Quoted(value.get_ref<const std::string&>());
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    default:
      return "the number " + value.dump();
  }
}

}  // namespace harness
