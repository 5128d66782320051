// A History as text, so that tests can compare two of them and read where they differ.
#pragma once

#include <string>

#include "harness/verify/history.h"

namespace harness {

// Every member of a History, one fact a line; harness errors only on request.
std::string HistoryText(const History& history, bool with_errors = true);

}  // namespace harness
