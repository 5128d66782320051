#include "server/ops/grpc_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

namespace pipeline {

// gRPC calls errors what a peer that goes away does, and says twice what the server reports itself: details.
void StartGrpcLog() {
  gpr_set_log_function(
      [](gpr_log_func_args* args) { spdlog::debug("[GRPC] {}:{}: {}", args->file, args->line, args->message); });
}

}  // namespace pipeline
