#include "common/program.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace pipeline {

void StartLog(const std::string& program) {
  constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 7> kLevels = {
      {{"trace", spdlog::level::trace},
       {"debug", spdlog::level::debug},
       {"info", spdlog::level::info},
       {"warn", spdlog::level::warn},
       {"error", spdlog::level::err},
       {"critical", spdlog::level::critical},
       {"off", spdlog::level::off}}};
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  if (variable("TERM") == "dumb" || !variable("NO_COLOR").empty()) sink->set_color_mode(spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>(program, std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-8l%$ %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
  const char* text = std::getenv("PIPELINE_LOG_LEVEL");
  const std::string_view wanted = text == nullptr || *text == '\0' ? "info" : text;
  for (const auto& [name, level] : kLevels) {
    if (name != wanted) continue;
    spdlog::set_level(level);
    return;
  }
  spdlog::set_level(spdlog::level::info);
  spdlog::warn(
      "PIPELINE_LOG_LEVEL: found \"{}\"; allowed: trace, debug, info, warn, error, critical, off; info is taken",
      wanted);
}

std::string VersionText(const std::string& program, const std::string& libraries) {
  const std::string text = program + " " + PIPELINE_VERSION;
  return libraries.empty() ? text : text + " (" + libraries + ")";
}

}  // namespace pipeline
