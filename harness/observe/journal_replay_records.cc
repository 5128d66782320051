// How the journal's reader gives what producers sent and what the topic holds to the HistoryBuilder.
#include <vector>

#include "harness/observe/journal_bytes.h"
#include "harness/observe/journal_replay.h"

namespace harness {
namespace {

bool ReplaySends(ByteReader* in, HistoryBuilder* builder) {
  const auto producer = in->Get<uint16_t>();
  std::vector<SendSeen> sends(in->GetCount(kSendBytes));
  for (SendSeen& seen : sends) {
    seen.sequence = in->Get<uint64_t>();
    seen.send.planned_ns = in->Get<int64_t>();
    seen.send.sent_ns = in->Get<int64_t>();
    seen.send.content_hash = in->Get<uint64_t>();
    seen.id_hash = in->Get<uint64_t>();
    seen.send.partition = in->Get<int32_t>();
    const auto bits = in->Get<uint8_t>();
    seen.send.sentinel = (bits & kBit0) != 0;
    seen.send.measured = (bits & kBit1) != 0;
    seen.find_phase = (bits & kBit2) != 0;
    seen.send.time_is_replaced = (bits & kBit3) != 0;
    seen.send.phase = in->Get<uint8_t>();
  }
  return in->at_end() && builder->OnSends(producer, sends);
}

bool ReplayOutcomes(ByteReader* in, HistoryBuilder* builder) {
  const auto producer = in->Get<uint16_t>();
  std::vector<OutcomeSeen> outcomes(in->GetCount(kOutcomeBytes));
  for (OutcomeSeen& seen : outcomes) {
    seen.sequence = in->Get<uint64_t>();
    seen.acked_ns = in->Get<int64_t>();
    seen.offset = in->Get<int64_t>();
    seen.partition = in->Get<int32_t>();
    seen.outcome = in->GetEnum(Outcome::kUnknown);
    seen.time_is_replaced = (in->Get<uint8_t>() & kBit0) != 0;
  }
  return in->at_end() && builder->OnOutcomes(producer, outcomes);
}

bool ReplayLog(ByteReader* in, HistoryBuilder* builder) {
  std::vector<LogSeen> records(in->GetCount(kLogBytes));
  for (LogSeen& seen : records) {
    LogRecord& record = seen.record;
    seen.partition = in->Get<int32_t>();
    record.seen_ns = in->Get<int64_t>();
    record.offset = in->Get<int64_t>();
    record.rec.bits = in->Get<uint64_t>();
    record.content_hash = in->Get<uint64_t>();
    record.id_hash = in->Get<uint64_t>();
    record.timestamp_s = in->Get<int64_t>();
    record.processed_at_s = in->Get<int64_t>();
    record.crc32c = in->Get<uint32_t>();
    record.provider = in->GetEnum(kProviderLast);
    record.status = in->GetEnum(kStatusLast);
    record.reason = in->GetEnum(static_cast<pipeline::RejectReason>(pipeline::kRejectReasonCount - 1));
    const auto bits = in->Get<uint8_t>();
    record.valid = (bits & kBit0) != 0;
    record.sentinel = (bits & kBit1) != 0;
    record.key_differs = (bits & kBit2) != 0;
  }
  return in->at_end() && builder->OnLog(records);
}

bool ReplayDeadLetters(ByteReader* in, HistoryBuilder* builder) {
  const bool whole = in->Get<uint8_t>() != 0;
  std::vector<DeadLetterSeen> letters(in->GetCount(kDeadLetterBytes));
  for (DeadLetterSeen& seen : letters) {
    seen.offset = in->Get<int64_t>();
    seen.letter_offset = in->Get<int64_t>();
    seen.partition = in->Get<int32_t>();
    seen.letter_partition = in->Get<int32_t>();
    seen.record_crc32c = in->Get<uint32_t>();
  }
  return in->at_end() && builder->OnDeadLetters(letters, whole);
}

bool ReplayNames(ByteReader* in, HistoryBuilder* builder) {
  const size_t count = in->GetCount(kNameBytesMin);
  for (size_t i = 0; i < count; ++i) {
    const auto id_hash = in->Get<uint64_t>();
    const std::string_view id = in->GetText();
    if (in->ok()) builder->OnName(id_hash, id);
  }
  return in->at_end();
}

bool ReplayContent(ByteReader* in, HistoryBuilder* builder) {
  KeptContent content;
  content.content_hash = in->Get<uint64_t>();
  content.partition = in->Get<int32_t>();
  content.offset = in->Get<int64_t>();
  content.where = in->GetText();
  content.value = in->GetText();
  pipeline::Payment& payment = content.payment;
  payment.id = in->GetText();
  payment.provider = in->GetEnum(kProviderLast);
  payment.status = in->GetEnum(kStatusLast);
  payment.amount.units = in->Get<int64_t>();
  payment.amount.exponent = in->Get<uint32_t>();
  payment.currency = in->GetText();
  payment.customer_email = in->GetText();
  payment.created_at_s = in->Get<int64_t>();
  payment.metadata.resize(in->GetCount(2 * sizeof(uint32_t)));
  for (auto& [key, value] : payment.metadata) {
    key = in->GetText();
    value = in->GetText();
  }
  return in->at_end() && builder->OnContent(content);
}

}  // namespace

bool ReplayRecordsFrame(FrameType type, ByteReader* in, HistoryBuilder* builder) {
  switch (type) {
    case FrameType::kSends:
      return ReplaySends(in, builder);
    case FrameType::kOutcomes:
      return ReplayOutcomes(in, builder);
    case FrameType::kLog:
      return ReplayLog(in, builder);
    case FrameType::kDeadLetters:
      return ReplayDeadLetters(in, builder);
    case FrameType::kNames:
      return ReplayNames(in, builder);
    case FrameType::kContent:
      return ReplayContent(in, builder);
    default:
      return false;
  }
}

}  // namespace harness
