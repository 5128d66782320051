#include "common/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>

#include "common/output.h"
#include "common/secrets.h"
#include "text/words.h"

namespace pipeline {
namespace {

[[noreturn]] void FailAddress(std::string_view item, const std::string& what) {
  throw SettingsError("server address \"" + std::string(item) + "\": " + what +
                      "; allowed: HOST, HOST:PORT or [IPV6]:PORT, several with commas, ports 1 to 65535");
}

int Port(std::string_view item, std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) {
    FailAddress(item, "found the port \"" + std::string(text) + "\"");
  }
  return port;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Leading ones of the number that begins at `begin`.
void StripZeros(std::string* text, size_t begin) {
  size_t end = begin;
  while (end + 1 < text->size() && (*text)[end] == '0' && (*text)[end + 1] >= '0' && (*text)[end + 1] <= '9') ++end;
  text->erase(begin, end - begin);
}

void CheckHost(std::string_view item, std::string_view host, std::string_view allowed) {
  const auto good = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           allowed.find(c) != std::string_view::npos;
  };
  if (host.empty()) FailAddress(item, "no host");
  if (!std::all_of(host.begin(), host.end(), good)) FailAddress(item, "found the host \"" + std::string(host) + "\"");
}

std::string ServerAddress(std::string_view item, int default_port) {
  constexpr std::string_view kInName = "-._";
  constexpr std::string_view kInIpv6 = ":.%-_";  // % and a zone's name behind it
  std::string_view host = item;
  int port = default_port;
  const bool many_colons = std::count(item.begin(), item.end(), ':') > 1;
  const bool brackets = item.starts_with('[');
  if (brackets) {
    const size_t close = item.find(']');
    if (close == std::string_view::npos) FailAddress(item, "\"[\" without \"]\"");
    host = item.substr(1, close - 1);
    const std::string_view rest = item.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') FailAddress(item, "found \"" + std::string(rest) + "\" after \"]\"");
    if (!rest.empty()) port = Port(item, rest.substr(1));
  } else if (!many_colons) {
    const size_t colon = item.find(':');
    host = item.substr(0, colon);
    if (colon != std::string_view::npos) port = Port(item, item.substr(colon + 1));
  }
  const bool ipv6 = brackets || many_colons;
  CheckHost(item, host, ipv6 ? kInIpv6 : kInName);
  if (ipv6 && host.find(':') == std::string_view::npos) FailAddress(item, "brackets without an IPv6 address");
  return (ipv6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

// What the option's checks say of `text`; "" when they take it.
std::string Refusal(CLI::Option* option, std::string text) {
  for (int i = 0;; ++i) {
    const CLI::Validator* validator = nullptr;
    try {
      validator = option->get_validator(i);
    } catch (const CLI::OptionNotFound&) {
      return "";
    }
    if (std::string refusal = (*validator)(text); !refusal.empty()) return refusal;
  }
}

void CheckVariables(CLI::App* app) {
  for (CLI::Option* option : app->get_options()) {
    const char* text = option->get_envname().empty() ? nullptr : std::getenv(option->get_envname().c_str());
    if (text == nullptr || *text == '\0' || option->count() > 0) continue;
    if (const std::string refusal = Refusal(option, text); !refusal.empty()) {
      throw CLI::ValidationError(option->get_name(), refusal);
    }
  }
  for (CLI::App* subcommand : app->get_subcommands()) CheckVariables(subcommand);
}

}  // namespace

std::vector<std::string> AcceptGoFlags(std::vector<std::string> args, const std::vector<std::string>& names) {
  for (std::string& arg : args) {
    if (arg == "--") break;
    if (!arg.starts_with('-') || arg.starts_with("--")) continue;
    const std::string name = arg.substr(1, arg.find('=') - 1);
    if (std::find(names.begin(), names.end(), name) != names.end()) arg.insert(0, "-");
  }
  return args;
}

std::vector<std::string> ServerAddresses(std::string_view hosts, int default_port) {
  std::vector<std::string> addresses;
  for (const std::string_view host : Split(hosts, ',')) {
    addresses.push_back(ServerAddress(Stripped(host), default_port));
  }
  return addresses;
}

void ParseArguments(CLI::App* app, std::vector<std::string> reversed) {
  app->parse(std::move(reversed));
  CheckVariables(app);
}

CLI::Validator DecimalNumber() {
  return {[](std::string& text) -> std::string {
            const size_t sign = text.starts_with('-') ? 1 : 0;
            if (!IsDigits(std::string_view(text).substr(sign))) {
              return "found \"" + text + "\"; allowed: a whole decimal number";
            }
            StripZeros(&text, sign);
            return {};
          },
          ""};
}

CLI::Validator DecimalSize() {
  return {[](std::string& text) -> std::string {
            const size_t unit = std::min(text.find_first_not_of("0123456789"), text.size());
            const bool has_unit = unit == text.size() || text[unit] == ' ' || std::isalpha(text[unit]) != 0;
            if (unit == 0 || !has_unit || text.find_first_of("xX_'") != std::string::npos) {
              return "found \"" + text + "\"; allowed: a whole decimal number with its unit, for instance 64MB";
            }
            StripZeros(&text, 0);
            return {};
          },
          ""};
}

int ExitForParse(const CLI::App& app, const CLI::ParseError& error, int exit_lost) {
  // Help and version have the exit code 0 and go to standard output.
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    OutputStream out(STDOUT_FILENO);
    const int exit_code = app.exit(error, out, std::cerr) == 0 ? 0 : 2;
    return out.ExitCode(app.get_name(), exit_code, exit_lost);
  }
  std::cerr << HideSecrets(error.what()) << "\nRun with --help for more information.\n";
  return 2;
}

}  // namespace pipeline
