// Keeps passwords out of everything that is printed: texts of librdkafka and of CLI11 pass through here. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace pipeline {

// Whether a property of librdkafka by this name holds a secret (password, secret, key, token...).
bool IsSecretProperty(std::string_view name);

// From now on HideSecrets replaces this value wherever it stands. At most kSecretsMax values are kept (a program has
// one or two); with more, the oldest is forgotten.
void RememberSecret(const std::string& value);
inline constexpr size_t kSecretsMax = 64;

// `text` with every remembered secret, and everything behind `<secret property>=`, replaced by "***".
std::string HideSecrets(std::string_view text);

}  // namespace pipeline
