// payment-server's command line. Called from main() only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/payment_server.h"

namespace pipeline {

// Fills `options` from the arguments (without the program's name) and the environment. An exit code when the program is
// to end now: help or version was printed (0), or the error (2).
std::optional<int> ParseServerOptions(std::vector<std::string> args, ServerOptions* options);

// Raises the limit of descriptors as far as the process may, and fits the limits of calls and connections to it; says
// so in the log where a default is lowered. Throws std::runtime_error when what was asked for does not fit.
void FitToDescriptors(ServerOptions* options);

// What the server says of itself once it listens. `metrics_port`: 0: none.
std::string ServerBanner(const ServerOptions& options, int port, int metrics_port);

}  // namespace pipeline
