// What the client's tests share: a folder of their own, and payments with fields that no program expects.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/subscription.h"

namespace pipeline {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "client_test.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

// Any text that is UTF-8: control characters, quotes, characters of one to four bytes.
inline rc::Gen<std::string> AnyText() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
                          std::vector<std::string>{"a", "7", " ", "\"", "\\", "\n", "\r", "\t", "\x1b", "\x7f", "é",
                                                   "₹", "🆕", "\xc2\x9b", "\xe2\x80\xae", std::string(1, '\0')})),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

inline rc::Gen<Payment> AnyPayment() {
  return rc::gen::exec([] {
    Payment payment;
    payment.id = *AnyText();
    payment.provider = static_cast<Provider>(*rc::gen::inRange(0, 4));
    payment.status = static_cast<PaymentStatus>(*rc::gen::inRange(0, 5));
    payment.amount = {.units = *rc::gen::arbitrary<int64_t>(),
                      .exponent = *rc::gen::inRange(0u, kMoneyExponentMax + 1)};
    payment.currency = *AnyText();
    payment.customer_email = *AnyText();
    payment.created_at_s = *rc::gen::arbitrary<int64_t>();
    const auto metadata = *rc::gen::container<std::map<std::string, std::string>>(AnyText(), AnyText());
    payment.metadata.assign(metadata.begin(), metadata.end());
    return payment;
  });
}

}  // namespace pipeline
