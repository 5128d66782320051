#include "server/ops/grpc_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <string>

namespace pipeline {

// gRPC calls errors what a peer that goes away does, and says twice what the server reports itself: details.
void StartGrpcLog() {
  gpr_set_log_function(
      [](gpr_log_func_args* args) { spdlog::debug("[GRPC] {}:{}: {}", args->file, args->line, args->message); });
  // protobuf says on standard error, from the thread that parses, what bytes of a client are no message.
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel /*level*/, const char* file, int line, const std::string& text) {
        spdlog::debug("[PROTOBUF] {}:{}: {}", file, line, text);
      });
}

}  // namespace pipeline
