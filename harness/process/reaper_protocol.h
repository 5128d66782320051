// What the harness and its reaper say to each other over a SOCK_SEQPACKET pair: one message a packet. Both ends are the
// same program, so replies travel as they lie in memory. Used by supervisor.cc and reaper.cc alone. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "harness/process/supervisor.h"

namespace harness {

// A packet must fit the socket's buffer as Linux sets it by default (208 KiB, its bookkeeping included).
inline constexpr size_t kRequestBytesMax = 131'072;
inline constexpr size_t kProcessesMax = 1000;  // alive at a time
inline constexpr size_t kMembersMax = 256;     // of one subject, that are told
inline constexpr int kReaperFd = 3;            // where the reaper finds its end
inline constexpr char kReaperArgument[] = "--reaper";
// Set in the reaper's environment until it has started: a program that does not call RunReaperIfAsked, and so comes to
// make a Supervisor there, refuses instead of starting itself for ever.
inline constexpr char kReaperGuard[] = "HARNESS_REAPER";
// In the environment of what the reaper starts, and so of all that comes of it, however it detaches itself.
inline constexpr char kSubjectVariable[] = "HARNESS_SUBJECT";

enum class RequestKind : uint8_t { kStart = 1, kSignal = 2, kMembers = 3 };

struct ReaperRequest {
  RequestKind kind = RequestKind::kStart;
  uint64_t id = 0;     // the reply carries it
  ProcessSpec spec;    // kStart; stdin_fd and stdout_fd only say (-1 or not) which descriptors travel with the packet
  int64_t pid = 0;     // kSignal, kMembers
  int32_t signal = 0;  // kSignal
};

std::string EncodeRequest(const ReaperRequest& request);
// nullopt for anything that EncodeRequest does not make.
std::optional<ReaperRequest> DecodeRequest(std::string_view packet);

// Where the start of a process failed.
enum class StartStep : int32_t { kNone, kLimit, kFork, kLog, kStreams, kFolder, kExec };

struct StartFailure {
  StartStep step = StartStep::kNone;
  int32_t error = 0;  // errno
};

enum class ReplyKind : uint32_t { kHello = 1, kStarted = 2, kNotStarted = 3, kSignalled = 4, kEnded = 5, kMembers = 6 };

struct ReaperReply {
  ReplyKind kind = ReplyKind::kHello;
  int32_t delivered = 0;  // kSignalled: 1 when there was a process to signal
  uint64_t request = 0;
  StartFailure failure;       // kNotStarted
  ProcessExit exit;           // kEnded; `exit.pid` also for kStarted
  uint32_t member_count = 0;  // kMembers: of the pids below, as many as there are room for
  std::array<int64_t, kMembersMax> members{};
};
static_assert(std::is_trivially_copyable_v<ReaperReply>);

// Someone who types the hidden argument by hand gets a sentence, not a process that reads whatever it finds at 3.
bool IsReaperSocket(int fd);

}  // namespace harness
