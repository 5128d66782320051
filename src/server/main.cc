// payment-server: reads the topic and serves it. Parses and wires; see server_command.cc for the options.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/output.h"
#include "common/program.h"
#include "common/settings.h"
#include "server/calls/listening_sockets.h"
#include "server/ops/grpc_log.h"
#include "server/payment_server.h"
#include "server/server_command.h"

namespace {

constexpr int kExitUsage = 2;
constexpr int kExitEnvironment = 3;

int Serve(pipeline::ServerOptions options) {
  pipeline::StopSignal stop;
  pipeline::StartLog("payment-server");
  pipeline::StartGrpcLog();
  pipeline::FitToDescriptors(&options);
  std::atomic<bool> failed = false;
  pipeline::PaymentServer server(options, [&](const std::string& reason) {
    spdlog::critical("[SERVER] ❌ {}", reason);
    failed = true;
    stop.Request();
  });
  server.Listen();
  pipeline::OutputStream out(STDOUT_FILENO);
  out << pipeline::ServerBanner(options, server.port(), server.metrics_port());
  if (const int lost = out.ExitCode("payment-server", 0, kExitEnvironment); lost != 0) return lost;
  if (!pipeline::IsLoopback(options.listen)) {
    spdlog::warn(
        "[SERVER] it listens on {}: there is no TLS and no password, so whoever reaches that address reads all "
        "payments",
        options.listen);
  }
  if (options.demo_data) {
    spdlog::info(
        "[SERVER] demo data: pay_001 to pay_003; GetPayment and ListPayments answer with them even without Kafka");
  }
  server.Start();
  stop.Wait();
  if (!failed) spdlog::info("[SERVER] stopping");
  server.Shutdown();
  spdlog::info("[SERVER] stopped");
  return failed ? kExitEnvironment : 0;
}

}  // namespace

int main(int argc, char** argv) {
  pipeline::PrepareStandardStreams();
  try {
    pipeline::LoadDotEnv();
    pipeline::ServerOptions options;
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (const auto exit_code = pipeline::ParseServerOptions(args, &options)) return *exit_code;
    return Serve(std::move(options));
  } catch (const pipeline::SettingsError& error) {
    std::cerr << "payment-server: " << error.what() << std::endl;
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "payment-server: " << error.what() << std::endl;
    return kExitEnvironment;
  }
}
