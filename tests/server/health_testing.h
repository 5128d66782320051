// grpc.health.v1 spoken by hand: the generated code is not among the packages. Requests are empty; a response holds
// field 1, a varint: 1 SERVING, 2 NOT_SERVING. For the tests of the server.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/client_unary_call.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/server/server_testing.h"

namespace pipeline {

inline constexpr int kServing = 1;
inline constexpr int kNotServing = 2;

// -1: a response of another form.
inline int HealthOf(const grpc::ByteBuffer& response) {
  grpc::Slice bytes;
  if (!response.DumpToSingleSlice(&bytes).ok() || bytes.size() != 2) return -1;
  return bytes.begin()[1];
}

inline grpc::ByteBuffer EmptyHealthRequest() {
  const grpc::Slice empty("");
  return grpc::ByteBuffer(&empty, 1);
}

inline int Health(int port) {
  const auto channel = ChannelTo(port);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC);
  grpc::ByteBuffer response;
  const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel.get(), method, &context, EmptyHealthRequest(), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return HealthOf(response);
}

// An open Health/Watch.
class HealthWatch {
 public:
  explicit HealthWatch(int port) : channel_(ChannelTo(port)) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    const grpc::internal::RpcMethod watch("/grpc.health.v1.Health/Watch", grpc::internal::RpcMethod::SERVER_STREAMING);
    reader_.reset(grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel_.get(), watch, &context_,
                                                                                EmptyHealthRequest()));
  }
  ~HealthWatch() {
    if (reader_ == nullptr) return;
    context_.TryCancel();
    Finish();
  }

  // The next state; nullopt at the end.
  std::optional<int> Read() {
    grpc::ByteBuffer response;
    if (!reader_->Read(&response)) return std::nullopt;
    return HealthOf(response);
  }
  grpc::Status Finish() {
    while (Read()) {
    }
    grpc::Status status = reader_->Finish();
    reader_.reset();
    return status;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader_;
};

}  // namespace pipeline
