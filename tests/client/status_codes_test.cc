// The numbers that stand in for gRPC's status codes, where gRPC is not included, are gRPC's.
#include "payment/status_codes.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace pipeline {
namespace {

struct Code {
  int ours = 0;
  grpc::StatusCode grpcs = grpc::StatusCode::OK;
  std::string_view name;
};

TEST(StatusCodesTest, NumbersAndNamesAreThoseOfGrpc) {
#define SAME(ours, grpcs) \
  { status_code::ours, grpc::StatusCode::grpcs, #grpcs }
  const std::vector<Code> codes = {SAME(kOk, OK),
                                   SAME(kCancelled, CANCELLED),
                                   SAME(kUnknown, UNKNOWN),
                                   SAME(kInvalidArgument, INVALID_ARGUMENT),
                                   SAME(kDeadlineExceeded, DEADLINE_EXCEEDED),
                                   SAME(kNotFound, NOT_FOUND),
                                   SAME(kAlreadyExists, ALREADY_EXISTS),
                                   SAME(kPermissionDenied, PERMISSION_DENIED),
                                   SAME(kResourceExhausted, RESOURCE_EXHAUSTED),
                                   SAME(kFailedPrecondition, FAILED_PRECONDITION),
                                   SAME(kAborted, ABORTED),
                                   SAME(kOutOfRange, OUT_OF_RANGE),
                                   SAME(kUnimplemented, UNIMPLEMENTED),
                                   SAME(kInternal, INTERNAL),
                                   SAME(kUnavailable, UNAVAILABLE),
                                   SAME(kDataLoss, DATA_LOSS),
                                   SAME(kUnauthenticated, UNAUTHENTICATED)};
#undef SAME
  ASSERT_EQ(codes.size(), kStatusCodeNames.size());
  for (const Code& code : codes) {
    EXPECT_EQ(code.ours, static_cast<int>(code.grpcs)) << code.name;
    EXPECT_EQ(kStatusCodeNames[static_cast<size_t>(code.ours)], code.name);
  }
}

}  // namespace
}  // namespace pipeline
