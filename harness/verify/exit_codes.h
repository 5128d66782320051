// What the exit codes of `harness` mean: the verdict has one, and the runner and the commands return them. README, "A
// scenario", says the same to users.
#pragma once

namespace harness {

inline constexpr int kExitPass = 0;
inline constexpr int kExitFail = 1;
inline constexpr int kExitBadScenario = 2;  // or usage
inline constexpr int kExitEnvironment = 3;
inline constexpr int kExitInvalid = 4;  // the run proves nothing
inline constexpr int kExitNoMatch = 5;
inline constexpr int kExitInterrupted = 130;

}  // namespace harness
