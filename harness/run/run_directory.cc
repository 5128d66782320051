#include "harness/run/run_directory.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "harness/run/memory_plan.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

// Upper bounds of what one record leaves on disk: a journal entry; a line of an event log with the client's own line on
// its console; a place in a line of a server's journal; a line of an acknowledgement log with the record's JSON in it.
constexpr size_t kNameBytesMax = 64;
constexpr int64_t kJournalEntryBytes = 96;
constexpr int64_t kClientRecordBytes = 700;
constexpr int64_t kServerRecordBytes = 32;
constexpr int64_t kProcessProducerBytes = int64_t{16} << 20;
constexpr int64_t kBaseBytes = int64_t{32} << 20;

[[noreturn]] void Refuse(const std::string& path, const std::string& why) {
  throw std::runtime_error(
      fmt::format("can't write the run directory {}: {}; choose another place with --out DIR", path, why));
}

void MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) Refuse(path, error.message());
}

// A folder that did not exist before.
std::string MakeNewFolder(const std::string& base) {
  for (int number = 1; number < 1000; ++number) {
    std::string path = number == 1 ? base : fmt::format("{}-{}", base, number);
    if (mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) Refuse(path, std::strerror(errno));
  }
  Refuse(base, "1000 runs of that name exist");
}

std::string FolderName(const std::string& out_dir, const std::string& name, std::optional<uint64_t> seed,
                       int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  return fmt::format("{}/{:%Y%m%d-%H%M%S}-{}{}", fs::absolute(out_dir).lexically_normal().string(),
                     fmt::gmtime(seconds), name, seed ? fmt::format("-{}", *seed) : "");
}

}  // namespace

RunDirectory MakeProblemDirectory(const std::string& out_dir, const std::string& name, std::optional<uint64_t> seed,
                                  int64_t wall_ns) {
  MakeFolder(out_dir);
  std::string plain = name.substr(0, kNameBytesMax);
  std::replace_if(
      plain.begin(), plain.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '-');
  return {MakeNewFolder(FolderName(out_dir, plain.empty() ? "scenario" : plain, seed, wall_ns))};
}

int64_t DiskBytesNeeded(const Scenario& scenario) {
  int64_t per_record = 3 * kJournalEntryBytes;  // send, acknowledgement, log
  int64_t bytes = kBaseBytes;
  int64_t clients = 0;
  for (const ClientPlan& client : scenario.clients) {
    const int64_t log_bytes = client.kind == ClientKind::kProcess ? kClientRecordBytes : 0;
    clients += client.count;
    per_record += client.count * (kJournalEntryBytes + log_bytes);
  }
  for (const ServerPlan& server : scenario.servers) {
    if (server.journal) per_record += (1 + clients) * (kJournalEntryBytes + kServerRecordBytes);
  }
  for (const ProducerPlan& producer : scenario.producers) {
    if (producer.kind == ProducerKind::kProcess) bytes += kProcessProducerBytes;
  }
  return bytes + static_cast<int64_t>(RecordsPlanned(scenario) * static_cast<double>(per_record));
}

RunDirectory MakeRunDirectory(const std::string& out_dir, const Scenario& scenario, int64_t wall_ns) {
  MakeFolder(out_dir);
  struct statvfs disk {};
  const int64_t needed_bytes = DiskBytesNeeded(scenario);
  if (statvfs(out_dir.c_str(), &disk) == 0) {
    const auto free_bytes = static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
    if (free_bytes < needed_bytes) {
      Refuse(out_dir, fmt::format("its disk has {} MiB free and this run may need {} MiB", free_bytes >> 20,
                                  (needed_bytes >> 20) + 1));
    }
  }
  RunDirectory directory{MakeNewFolder(FolderName(out_dir, scenario.name, scenario.seed, wall_ns))};
  MakeFolder(directory.history());
  MakeFolder(directory.path + "/logs");
  const std::string copy = directory.path + "/scenario.json";
  std::ofstream file(copy, std::ios::binary);
  file << scenario.effective_json;
  if (!scenario.effective_json.ends_with('\n')) file << '\n';
  file.close();
  if (!file) Refuse(copy, std::strerror(errno));
  return directory;
}

}  // namespace harness
