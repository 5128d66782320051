#include "harness/run/program_identity.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

namespace harness {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = size_t{1} << 16;
constexpr uintmax_t kFileBytesMax = uintmax_t{1} << 30;

// What runs something else; "python" stands for all its versions.
constexpr std::array<std::string_view, 36> kLaunchers = {
    "sh",     "bash",     "dash",   "zsh",     "busybox", "env",     "python",  "node",   "nodejs",
    "deno",   "bun",      "ruby",   "perl",    "php",     "java",    "dotnet",  "mono",   "go",
    "cargo",  "docker",   "podman", "setsid",  "nohup",   "timeout", "nice",    "ionice", "stdbuf",
    "strace", "valgrind", "sudo",   "taskset", "chrt",    "unshare", "prlimit", "uv",     "npx"};

bool IsLauncher(const std::string& name) {
  if (name.starts_with("python") || name.starts_with("pypy")) return true;
  return std::find(kLaunchers.begin(), kLaunchers.end(), name) != kLaunchers.end();
}

bool IsFile(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(path, none);
}

std::optional<fs::path> FindInPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (IsFile(fs::path(folder) / name)) return fs::path(folder) / name;
  }
  return std::nullopt;
}

// Empty: it can't be read.
std::string ContentHash(const fs::path& path) {
  std::error_code none;
  if (fs::file_size(path, none) > kFileBytesMax || none) return "";
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  if (state == nullptr || XXH3_64bits_reset(state.get()) == XXH_ERROR) return "";
  std::string chunk(kChunkBytes, '\0');
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    XXH3_64bits_update(state.get(), chunk.data(), static_cast<size_t>(file.gcount()));
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

}  // namespace

std::string ProgramIdentity(const std::vector<std::string>& argv, const std::string& cwd) {
  if (argv.empty()) return "";
  for (size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word.empty() || word[0] == '-') continue;
    const fs::path path = fs::path(cwd) / word;
    std::optional<fs::path> file = IsFile(path) ? std::optional(path) : std::nullopt;
    if (!file && i == 0) file = FindInPath(word);
    const std::string name = fs::path(word).filename().string();
    if (!file || IsLauncher(name)) continue;
    const std::string hash = ContentHash(*file);
    return name + " " + (hash.empty() ? file->string() : hash);
  }
  return fs::path(argv[0]).filename().string();
}

}  // namespace harness
