#include "harness/scenario/json_document.h"

#include <algorithm>
#include <stdexcept>

#include "harness/contract/parse_iterator.h"

namespace harness {

std::string Below(std::string_view pointer, std::string_view token) {
  std::string result(pointer);
  result += '/';
  for (const char c : token) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string Below(std::string_view pointer, size_t index) { return Below(pointer, std::to_string(index)); }

std::vector<std::string> PointerTokens(std::string_view pointer) {
  if (pointer.empty()) return {};
  if (pointer.front() != '/') throw std::invalid_argument("a JSON pointer begins with \"/\", as in /phases/1/rate");
  std::vector<std::string> tokens;
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      tokens.emplace_back();
    } else if (pointer[i] != '~') {
      tokens.back() += pointer[i];
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      tokens.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      throw std::invalid_argument("in a JSON pointer \"~\" is written \"~0\" and \"/\" inside a key \"~1\"");
    }
  }
  return tokens;
}

TextPlaces::Node TextPlaces::Add(Node parent, std::string_view token, TextPlace key, TextPlace value) {
  entries_.push_back({parent, std::string(token), key, value});
  const Node node = entries_.size() - 1;
  children_[{parent, std::string(token)}] = node;  // of a key that stands twice, the last counts
  return node;
}

void TextPlaces::SetRoot(TextPlace value) { entries_[kRoot].value = value; }

TextPlaces::Node TextPlaces::Find(std::string_view pointer) const {
  Node node = kRoot;
  for (const std::string& token : PointerTokens(pointer)) {
    const auto child = children_.find({node, token});
    if (child == children_.end()) break;
    node = child->second;
  }
  return node;
}

TextPlace TextPlaces::OfValue(std::string_view pointer) const { return entries_[Find(pointer)].value; }

TextPlace TextPlaces::OfKey(std::string_view pointer) const {
  const Entry& entry = entries_[Find(pointer)];
  return entry.key.line > 0 ? entry.key : entry.value;
}

std::string TextPlaces::Pointer(Node node) const {
  std::vector<Node> path;
  for (; node != kRoot; node = entries_[node].parent) path.push_back(node);
  std::string pointer;
  for (auto step = path.rbegin(); step != path.rend(); ++step) pointer = Below(pointer, entries_[*step].token);
  return pointer;
}

namespace {

// ASCII only, at most `bytes_max` bytes: the lexer quotes what it could not read, broken UTF-8 too.
std::string Printable(std::string_view text, size_t bytes_max) {
  std::string result;
  for (const char c : text.substr(0, bytes_max)) result += (c >= 0x20 && c < 0x7f) ? c : '?';
  if (text.size() > bytes_max) result += "...";
  return result;
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..." without what the error's
// own line and column say already.
std::string SyntaxMessage(std::string_view what) {
  if (const size_t bracket = what.find("] "); bracket != std::string_view::npos) what.remove_prefix(bracket + 2);
  if (what.starts_with("parse error at")) {
    if (const size_t colon = what.find(": "); colon != std::string_view::npos) what.remove_prefix(colon + 2);
  }
  return "not valid JSON: " + Printable(what, 300);
}

class Builder {
 public:
  Builder(const std::string& file, std::string_view text, const char* const* furthest, JsonParse* parse)
      : file_(file), text_(text), furthest_(furthest), parse_(parse) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
    if (text.starts_with("\xEF\xBB\xBF")) previous_end_ = 3;
  }

  bool null() { return Value(nullptr); }
  bool boolean(bool value) { return Value(value); }
  bool number_integer(Json::number_integer_t value) { return Value(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return Value(value); }
  bool number_float(Json::number_float_t value, const std::string& /*text*/) { return Value(value); }
  bool string(std::string& value) {
    const TextPlace start = TokenStart();
    if (value.size() > kJsonTextBytesMax) {
      Error(start, PointerOfNext(),
            "a text of " + std::to_string(value.size()) + " bytes; at most " + std::to_string(kJsonTextBytesMax) +
                " are allowed");
      value.resize(0);
    }
    if (value.find('\0') != std::string::npos) {
      Error(start, PointerOfNext(), "a text with a NUL character (\\u0000), which is not allowed");
    }
    return Value(value);
  }
  bool binary(Json::binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return Open(Json::object()); }
  bool start_array(std::size_t /*size*/) { return Open(Json::array()); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    key_place_ = TokenStart();
    Advance();
    const std::string pointer = Below(parse_->document.places.Pointer(open_.back().node), name);
    if (name.size() > kJsonKeyBytesMax) {
      Error(key_place_, "",
            "a key of " + std::to_string(name.size()) + " bytes; at most " + std::to_string(kJsonKeyBytesMax) +
                " are allowed");
      return false;
    }
    if (open_.back().value->contains(name)) {
      const TextPlace first = parse_->document.places.OfKey(pointer);
      Error(key_place_, pointer,
            "the key \"" + name + "\" stands twice in this object (first in line " + std::to_string(first.line) +
                "); each is allowed once");
    }
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*last_token*/, const Json::exception& error) {
    const std::string pointer = open_.empty() ? "" : parse_->document.places.Pointer(open_.back().node);
    Error(PlaceOf(position > 0 ? position - 1 : 0), pointer, SyntaxMessage(error.what()));
    return false;
  }

 private:
  struct Container {
    Json* value;
    TextPlaces::Node node;
  };

  void Error(TextPlace place, std::string pointer, std::string message) {
    if (parse_->errors.size() >= kScenarioErrorsMax) return;
    parse_->errors.push_back({file_, place.line, place.column, std::move(pointer), std::move(message)});
  }

  TextPlace PlaceOf(size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    return {static_cast<int>(next - line_starts_.begin()), static_cast<int>(offset - *std::prev(next)) + 1};
  }

  // Where the token that the lexer has just read begins. The lexer may have read one byte beyond a number; what stands
  // between two tokens is skipped either way.
  TextPlace TokenStart() const {
    const size_t start = text_.find_first_not_of(" \t\r\n,:", previous_end_);
    return PlaceOf(start == std::string_view::npos ? text_.size() : start);
  }
  void Advance() { previous_end_ = static_cast<size_t>(*furthest_ - text_.data()); }

  std::string NextToken() const {
    return open_.back().value->is_array() ? std::to_string(open_.back().value->size()) : key_;
  }
  std::string PointerOfNext() const {
    return open_.empty() ? "" : Below(parse_->document.places.Pointer(open_.back().node), NextToken());
  }

  bool Value(Json value) { return Place(std::move(value)) != nullptr; }

  bool Open(Json container) {
    TextPlaces::Node node = TextPlaces::kRoot;
    Json* placed = Place(std::move(container), &node);
    if (placed == nullptr) return false;
    open_.push_back({placed, node});
    if (open_.size() > kJsonDepthMax) {
      Error(PlaceOf(previous_end_ > 0 ? previous_end_ - 1 : 0), "",
            "nested deeper than " + std::to_string(kJsonDepthMax) + " levels, which is the limit");
      return false;
    }
    return true;
  }

  bool Close() {
    open_.pop_back();
    Advance();
    return true;
  }

  Json* Place(Json value, TextPlaces::Node* node = nullptr) {
    const TextPlace start = TokenStart();
    Advance();
    if (++values_ > kJsonValuesMax) {
      Error(start, "", "more than " + std::to_string(kJsonValuesMax) + " values, which is the limit");
      return nullptr;
    }
    TextPlaces& places = parse_->document.places;
    if (open_.empty()) {
      places.SetRoot(start);
      return &(parse_->document.root = std::move(value));
    }
    const Container& parent = open_.back();
    const std::string token = NextToken();
    const bool in_array = parent.value->is_array();
    const TextPlaces::Node added = places.Add(parent.node, token, in_array ? start : key_place_, start);
    if (node != nullptr) *node = added;
    if (in_array) {
      parent.value->push_back(std::move(value));
      return &parent.value->back();
    }
    Json& slot = (*parent.value)[key_];
    slot = std::move(value);
    return &slot;
  }

  const std::string& file_;
  std::string_view text_;
  const char* const* furthest_;
  JsonParse* parse_;
  std::vector<size_t> line_starts_ = {0};
  std::vector<Container> open_;  // a container is never moved while it is open: only its last child grows
  std::string key_;
  TextPlace key_place_;
  size_t previous_end_ = 0;
  size_t values_ = 0;
};

}  // namespace

JsonParse ParseJson(const std::string& file, std::string_view text) {
  JsonParse parse;
  const char* furthest = text.data();
  Builder builder(file, text, &furthest, &parse);
  const ParseIterator begin{text.data(), &furthest};
  const ParseIterator end{text.data() + text.size(), &furthest};
  parse.whole = Json::sax_parse(begin, end, &builder);
  return parse;
}

}  // namespace harness
