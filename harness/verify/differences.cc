#include "harness/verify/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "payment/money.h"

namespace harness {
namespace {

constexpr size_t kTextBytesMax = 80;

// What programs under test wrote: printable, and not without end.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, kTextBytesMax)) {
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return quoted + (text.size() > kTextBytesMax ? "…\"" : "\"");
}

std::string AmountText(const pipeline::Payment& payment) {
  return fmt::format("{} {}", pipeline::ToText(payment.amount, payment.amount.exponent), payment.currency);
}

class Differences {
 public:
  void Add(std::string_view field, const std::string& expected, const std::string& got) {
    if (expected == got || count_++ >= kDifferencesTold) return;
    text_ += fmt::format("{}{}: {}, got {}", text_.empty() ? "" : "; ", field, expected, got);
  }
  std::string Text() const {
    return count_ > kDifferencesTold ? fmt::format("{}; and {} more", text_, count_ - kDifferencesTold) : text_;
  }

 private:
  std::string text_;
  int count_ = 0;
};

void AddMetadata(const pipeline::Payment& expected, const pipeline::Payment& got, Differences* differences) {
  const std::map<std::string, std::string> wanted(expected.metadata.begin(), expected.metadata.end());
  const std::map<std::string, std::string> found(got.metadata.begin(), got.metadata.end());
  std::map<std::string, std::string> all = wanted;
  all.insert(found.begin(), found.end());
  const auto text = [](const std::map<std::string, std::string>& of, const std::string& key) {
    const auto entry = of.find(key);
    return entry == of.end() ? std::string("nothing") : Quoted(entry->second);
  };
  for (const auto& [key, value] : all) {
    const std::string shown = Quoted(key);
    differences->Add("metadata " + shown.substr(1, shown.size() - 2), text(wanted, key), text(found, key));
  }
}

}  // namespace

std::string DifferencesText(const pipeline::Payment& expected, const pipeline::Payment& got) {
  Differences differences;
  differences.Add("id", Quoted(expected.id), Quoted(got.id));
  differences.Add("provider", std::string(pipeline::ProviderName(expected.provider)),
                  std::string(pipeline::ProviderName(got.provider)));
  if (!(expected.amount == got.amount)) {
    differences.Add("amount", AmountText(expected), AmountText(got));
  } else {
    differences.Add("currency", Quoted(expected.currency), Quoted(got.currency));
  }
  differences.Add("status", std::string(pipeline::StatusName(expected.status)),
                  std::string(pipeline::StatusName(got.status)));
  differences.Add("customer_email", Quoted(expected.customer_email), Quoted(got.customer_email));
  differences.Add("created_at", std::to_string(expected.created_at_s), std::to_string(got.created_at_s));
  AddMetadata(expected, got, &differences);
  return differences.Text();
}

const KeptContent* FindContent(const History& history, uint64_t content_hash) {
  const auto found = std::find_if(history.contents.begin(), history.contents.end(), [&](const KeptContent& kept) {
    return content_hash != 0 && kept.content_hash == content_hash;
  });
  return found == history.contents.end() ? nullptr : &*found;
}

std::string DifferencesText(const History& history, uint64_t expected_hash, uint64_t got_hash) {
  const KeptContent* expected = FindContent(history, expected_hash);
  const KeptContent* got = FindContent(history, got_hash);
  if (expected == nullptr || got == nullptr) return {};
  const std::string text = DifferencesText(expected->payment, got->payment);
  return text.empty() ? text : ": " + text;
}

}  // namespace harness
