#include "harness/run/health.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/mutex.h"

namespace harness {
namespace {

// HealthCheckResponse {ServingStatus status = 1}; SERVING = 1 (grpc/health/v1/health.proto, from gRPC's own
// documentation of health checking). Serialised: field 1, varint, 1.
bool SaysServing(const grpc::ByteBuffer& response) {
  std::vector<grpc::Slice> slices;
  if (!response.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes == std::string("\x08\x01", 2);
}

// Whether a server said this, and with it that it has no health service for us: none at all, none that knows the server
// as a whole (""), or one for others only. What gRPC itself says of a port that is not there is none of these.
bool HasAnswered(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return true;
    default:
      return false;
  }
}

}  // namespace

Readiness ProbeServer(const std::string& address, int timeout_ms) {
  grpc::ChannelArguments arguments;
  // A channel of its own: the back-off after a refused connection must not outlive this probe.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // it is on this machine
  const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
  const grpc::ByteBuffer request(nullptr, 0);
  grpc::ByteBuffer response;
  struct {
    pipeline::Mutex mutex;
    pipeline::CondVar came;
    std::optional<grpc::Status> status ABSL_GUARDED_BY(mutex);
  } answer;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status result) {
                   const pipeline::MutexLock lock(&answer.mutex);
                   answer.status = std::move(result);
                   answer.came.NotifyOne();
                 });
  const pipeline::MutexLock lock(&answer.mutex);
  // The call has a deadline.
  answer.came.Wait(&answer.mutex,
                   [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(answer.mutex) { return answer.status.has_value(); });
  if (answer.status->ok()) return SaysServing(response) ? Readiness::kServing : Readiness::kNotServing;
  return HasAnswered(answer.status->error_code()) ? Readiness::kNoHealth : Readiness::kUnreachable;
}

}  // namespace harness
