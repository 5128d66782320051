// The closed set of seeded bugs: what is wrong, in which program, and what the verdict has to say of it. Called by the
// selftest command and its tests. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/verdict.h"

namespace harness {

struct SeededBug {
  std::string_view name;         // "server/swap": program, and the bug as the program knows it
  std::string_view sentence;     // what it does
  std::string_view invariant;    // the one that has to be violated
  std::array<Causes, 2> causes;  // either of these sets has to be named; the second may be empty: there is one
};

// The program that has it: "server" of "server/swap".
inline std::string_view ProgramOf(const SeededBug& bug) { return bug.name.substr(0, bug.name.find('/')); }

// In the order of the table.
std::span<const SeededBug> SeededBugs();
const SeededBug* FindBug(std::string_view name);

inline constexpr int kSelftestPartitions = 2;  // of every bug's scenario

struct ScenarioPlaces {
  std::string program_dir;  // where payment-* and seeded-* are
  std::string state_dir;    // an empty folder of this run's own
};

// A scenario, as JSON text, whose programs have the bug: some load, and a server that is killed and comes back (for
// server/zombie a client; where the bug is about slow subscribers, a client is stopped while a burst comes). A server
// with a bug keeps a journal. The seed moves the victim, the kill, the rate and everything random.
std::string BugScenario(const SeededBug& bug, uint64_t seed, const ScenarioPlaces& places);

// A short scenario of the unbroken system, drawn from the seed: servers, clients, filters, kills, terminations, pauses
// and bursts. Whatever it does, nothing may be violated.
std::string LegalScenario(uint64_t seed);

}  // namespace harness
