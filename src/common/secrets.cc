#include "common/secrets.h"

#include <algorithm>
#include <array>
#include <deque>

#include "common/mutex.h"

namespace pipeline {
namespace {

constexpr std::string_view kHidden = "***";

struct Secrets {
  Mutex mutex;
  std::deque<std::string> values ABSL_GUARDED_BY(mutex);
};

// Never destroyed: librdkafka's threads may log while the program's own statics go away.
Secrets& TheSecrets() {
  static Secrets& secrets = *new Secrets;
  return secrets;
}

bool IsPropertyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// Where the first value behind the name of a secret property begins; npos: there is none.
size_t FirstSecretValue(std::string_view text) {
  for (size_t equals = text.find('='); equals != std::string_view::npos; equals = text.find('=', equals + 1)) {
    size_t begin = equals;
    while (begin > 0 && IsPropertyCharacter(text[begin - 1])) --begin;
    if (IsSecretProperty(text.substr(begin, equals - begin))) return equals + 1;
  }
  return std::string_view::npos;
}

}  // namespace

bool IsSecretProperty(std::string_view name) {
  constexpr std::array<std::string_view, 6> kWords = {"password", "secret",    "token",
                                                      "key.pem",  "sasl.jaas", "oauthbearer.config"};
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

void RememberSecret(const std::string& value) {
  if (value.empty()) return;
  Secrets& secrets = TheSecrets();
  const MutexLock lock(&secrets.mutex);
  if (std::find(secrets.values.begin(), secrets.values.end(), value) != secrets.values.end()) return;
  if (secrets.values.size() == kSecretsMax) secrets.values.pop_front();
  secrets.values.push_back(value);
}

std::string HideSecrets(std::string_view text) {
  std::string shown(text);
  {
    Secrets& secrets = TheSecrets();
    const MutexLock lock(&secrets.mutex);
    for (const std::string& value : secrets.values) {
      for (size_t at = shown.find(value); at != std::string::npos; at = shown.find(value, at + kHidden.size())) {
        shown.replace(at, value.size(), kHidden);
      }
    }
  }
  const size_t value = FirstSecretValue(shown);
  // To the end: a value may hold spaces.
  if (value != std::string::npos) shown.replace(value, std::string::npos, kHidden);
  return shown;
}

}  // namespace pipeline
