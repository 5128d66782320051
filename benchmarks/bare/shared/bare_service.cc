#include "benchmarks/bare/shared/bare_service.h"

#include <stdexcept>

#include "benchmarks/bare/shared/bench.h"

namespace bench {

std::unique_ptr<grpc::Server> Serve(BareService* service) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) throw std::runtime_error("can't listen on 127.0.0.1");
  Say("{\"port\": " + std::to_string(port) + "}");
  return server;
}

}  // namespace bench
