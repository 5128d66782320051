// What is wrong with a line of a log that another program writes, for the people who write that program: the member,
// what stands there, what is allowed, and a line that is right. Called by the LogTail for a line that a parser has
// refused, so that the parsers, which see every line, need not know. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace harness {

enum class LogKind : uint8_t { kEventLog, kAckLog, kServerJournal };  // docs/formats.md has each

// So many broken lines of a file are told with their text, further ones are counted.
inline constexpr int64_t kBrokenLinesTold = 3;

struct LineProblem {
  std::string member;   // "payment.units"; empty: the line as a whole
  std::string found;    // what stands there, "nothing" where it is missing; cut where it is long
  std::string allowed;  // "a whole number from 0 to 18"
  std::string example;  // a right line of that type
  // The line is whole, one JSON object with the right checksum if it has one: what is wrong is what its writer said.
  bool is_whole = false;
};

// `line`: without its newline. Of a line in which nothing is wrong that it knows of, `allowed` says so. O(line).
// `member` is about what a client was given and wrote down, not about what it did itself.
bool IsAboutContent(std::string_view member);

LineProblem FindLineProblem(LogKind kind, std::string_view line);

// "payment.units is "12" (a string); allowed is a whole number of 64 bits. A right line: {…}. This one: {…}", in at
// most about 600 bytes whatever stands in the line, control characters and what is not UTF-8 replaced.
std::string LineProblemText(const LineProblem& problem, std::string_view line);

}  // namespace harness
