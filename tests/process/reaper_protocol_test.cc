// A request arrives as it was sent, and bytes that are no request are refused, whatever they are.
#include "harness/process/reaper_protocol.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace harness {
namespace {

ReaperRequest AnyRequest() {
  ReaperRequest request;
  request.kind = *rc::gen::element(RequestKind::kStart, RequestKind::kSignal);
  request.id = *rc::gen::arbitrary<uint64_t>();
  request.pid = *rc::gen::arbitrary<int64_t>();
  request.signal = *rc::gen::arbitrary<int32_t>();
  request.spec.name = *rc::gen::arbitrary<std::string>();
  request.spec.cwd = *rc::gen::arbitrary<std::string>();
  request.spec.log_path = *rc::gen::arbitrary<std::string>();
  request.spec.argv = *rc::gen::arbitrary<std::vector<std::string>>();
  request.spec.env = *rc::gen::arbitrary<std::map<std::string, std::string>>();
  request.spec.stdin_fd = *rc::gen::element(-1, 0);
  request.spec.stdout_fd = *rc::gen::element(-1, 0);
  return request;
}

RC_GTEST_PROP(ReaperProtocolTest, RequestsArriveAsSent, ()) {
  const ReaperRequest sent = AnyRequest();
  const auto got = DecodeRequest(EncodeRequest(sent));
  RC_ASSERT(got.has_value());
  RC_ASSERT(got->kind == sent.kind);
  RC_ASSERT(got->id == sent.id);
  RC_ASSERT(got->pid == sent.pid);
  RC_ASSERT(got->signal == sent.signal);
  RC_ASSERT(got->spec.name == sent.spec.name);
  RC_ASSERT(got->spec.cwd == sent.spec.cwd);
  RC_ASSERT(got->spec.log_path == sent.spec.log_path);
  RC_ASSERT(got->spec.argv == sent.spec.argv);
  RC_ASSERT(got->spec.env == sent.spec.env);
  RC_ASSERT(got->spec.stdin_fd == sent.spec.stdin_fd);
  RC_ASSERT(got->spec.stdout_fd == sent.spec.stdout_fd);
}

RC_GTEST_PROP(ReaperProtocolTest, TornAndLengthenedPacketsAreRefused, ()) {
  const std::string packet = EncodeRequest(AnyRequest());
  const auto length = *rc::gen::inRange<size_t>(0, packet.size());
  RC_ASSERT(!DecodeRequest(packet.substr(0, length)).has_value());
  RC_ASSERT(!DecodeRequest(packet + "x").has_value());
}

RC_GTEST_PROP(ReaperProtocolTest, AnyBytesAreReadWithoutHarm, (std::string bytes)) {
  if (!bytes.empty()) bytes[0] = *rc::gen::element('\1', '\2');
  DecodeRequest(bytes);
}

}  // namespace
}  // namespace harness
