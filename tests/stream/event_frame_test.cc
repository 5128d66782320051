// A frame is the PaymentEvent that protobuf itself would write, as "new" whole and as "existing" with the other tail.
#include "stream/event_frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <limits>
#include <string>

#include "payment.pb.h"

namespace pipeline {
namespace {

RC_GTEST_PROP(EventFrameTest, IsWhatProtobufWrites, ()) {
  ::payment::PaymentEvent event;
  const auto id = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  event.mutable_payment()->set_id(id);
  event.mutable_payment()->set_customer_email(std::string(*rc::gen::inRange(0, 300), 'e'));
  const int64_t largest = std::numeric_limits<int64_t>::max();
  event.set_partition(*rc::gen::inRange(0, 300));
  event.set_offset(*rc::gen::element<int64_t>(0, 1, 127, 128, 1'000'000'000'000, largest));
  event.set_record_crc32c(*rc::gen::element<uint32_t>(0, 1, 0x80000000U, 0xFFFFFFFFU));
  const std::string payment = event.payment().SerializeAsString();
  const EventFrame frame = MakeEventFrame(payment, event.partition(), event.offset(), event.record_crc32c());
  RC_ASSERT(frame.payment() == payment);
  event.set_event_type("new");
  RC_ASSERT(std::string(frame.bytes.view()) == event.SerializeAsString());
  event.set_event_type("existing");
  const std::string existing =
      std::string(frame.head()) + ExistingTail(event.partition(), event.offset(), event.record_crc32c());
  RC_ASSERT(existing == event.SerializeAsString());
}

TEST(SharedBytesTest, CopiesShareAndTheLastOneFrees) {
  auto [first, to] = SharedBytes::ToFill(3);
  std::memcpy(to, "abc", 3);
  EXPECT_EQ(first.view(), "abc");
  SharedBytes second = first;
  EXPECT_EQ(second.view().data(), first.view().data());
  void* block = second.Detach();
  EXPECT_EQ(second.view(), "");
  first = SharedBytes();
  SharedBytes::Unref(block);  // the last: leaks and early frees are the sanitizers' to find
  EXPECT_EQ(SharedBytes().size(), 0);
}

}  // namespace
}  // namespace pipeline
