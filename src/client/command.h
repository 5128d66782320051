// payment-client's command line: what to do, with which server, and how to show it. Called from main() before any other
// thread starts (it reads the environment).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/subscription.h"

namespace pipeline {

enum class ClientAction : uint8_t { kStream, kGet, kList };

struct ClientCommand {
  ClientAction action = ClientAction::kStream;
  SubscriptionOptions subscription;  // servers, filter and connection are those of `get` and `list` too
  bool json = false;
  bool mask_personal = false;           // of what is shown; an event log stays whole
  int64_t timeout_ns = 10'000'000'000;  // of one `get` or `list` call
  std::string payment_id;
  int limit = 10;
  std::string cursor;
  bool all = false;
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitGap = 6;

struct ClientParse {
  ClientCommand command;
  std::optional<int> exit_code;  // set: help, version or an error has been printed, and the program is done
};
// `args` without the program's name.
ClientParse ParseClientCommand(std::vector<std::string> args);

// "100ms..2s", or "3s" for a fixed delay: minimum and maximum in ns, both above 0. Pure.
std::optional<std::pair<int64_t, int64_t>> ParseBackoff(std::string_view text);
// "10s,5s": time and timeout in ns, both at least 1 ms. Pure.
std::optional<std::pair<int64_t, int64_t>> ParseKeepalive(std::string_view text);

}  // namespace pipeline
