// How the journal's reader gives each frame to the HistoryBuilder.
#include <utility>
#include <vector>

#include "harness/observe/bytes.h"
#include "harness/observe/journal_bytes.h"
#include "harness/observe/journal_frames.h"
#include "harness/observe/journal_token.h"

namespace harness {
namespace {

constexpr uint8_t kBit0 = 1, kBit1 = 2, kBit2 = 4, kBit3 = 8;

constexpr auto kProviderLast = pipeline::Provider::kPaypal;
constexpr auto kStatusLast = pipeline::PaymentStatus::kRefunded;

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

bool ReplayDeliveries(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  std::vector<Delivery> deliveries(in->GetCount(kDeliveryBytes));
  for (Delivery& delivery : deliveries) {
    delivery.time_ns = in->Get<int64_t>();
    delivery.offset = in->Get<int64_t>();
    delivery.rec.bits = in->Get<uint64_t>();
    delivery.content_hash = in->Get<uint64_t>();
    delivery.id_hash = in->Get<uint64_t>();
    delivery.processed_at_s = in->Get<int64_t>();
    delivery.crc32c = in->Get<uint32_t>();
    delivery.partition = in->Get<int32_t>();
    delivery.kind = in->GetEnum(DeliveryKind::kUntold);
    const auto bits = in->Get<uint8_t>();
    delivery.sentinel = (bits & kBit0) != 0;
    delivery.amount_differs = (bits & kBit1) != 0;
    delivery.time_is_replaced = (bits & kBit2) != 0;
    delivery.connection = in->Get<uint32_t>();
  }
  return in->at_end() && builder->OnDeliveries(client, deliveries);
}

bool ReplayBookmarks(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  std::vector<Bookmark> bookmarks(in->GetCount(kBookmarkBytes));
  for (Bookmark& bookmark : bookmarks) {
    bookmark.time_ns = in->Get<int64_t>();
    bookmark.offset = in->Get<int64_t>();
    bookmark.partition = in->Get<int32_t>();
    bookmark.connection = in->Get<uint32_t>();
  }
  return in->at_end() && builder->OnBookmarks(client, bookmarks);
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

bool ReplayClient(ByteReader* in, HistoryBuilder* builder) {
  const auto index = in->Get<uint16_t>();
  Client client;
  client.name = in->GetText();
  client.filter.provider = in->GetEnum(kProviderLast);
  client.filter.status = in->GetEnum(kStatusLast);
  client.resume = in->GetEnum(ResumeMode::kNone);
  const auto bits = in->Get<uint8_t>();
  client.observed = (bits & kBit0) != 0;
  client.marks_connections = (bits & kBit1) != 0;
  client.embedded = (bits & kBit2) != 0;
  client.reconnect_delay_min_ns = in->Get<int64_t>();
  client.reconnect_delay_max_ns = in->Get<int64_t>();
  client.servers.resize(in->GetCount(sizeof(uint32_t)));
  for (std::string& server : client.servers) server = in->GetText();
  client.program = in->GetText();
  return in->at_end() && builder->SetClient(index, client);
}

bool ReplayPhase(ByteReader* in, HistoryBuilder* builder) {
  const auto index = in->Get<uint8_t>();
  Phase phase;
  phase.name = in->GetText();
  phase.begin_ns = in->Get<int64_t>();
  phase.end_ns = in->Get<int64_t>();
  const auto bits = in->Get<uint8_t>();
  phase.measured = (bits & kBit0) != 0;
  phase.offers_load = (bits & kBit1) != 0;
  phase.planned = in->Get<int64_t>();
  return in->at_end() && builder->SetPhase(index, phase);
}

bool ReplayPartitions(ByteReader* in, HistoryBuilder* builder) {
  const bool audited = in->Get<bool>();
  std::vector<int64_t> start_offsets(in->GetCount(sizeof(int64_t)));
  for (int64_t& offset : start_offsets) offset = in->Get<int64_t>();
  return in->at_end() && builder->SetPartitions(start_offsets, audited);
}

bool ReplayConnection(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  Connection connection;
  connection.started_ns = in->Get<int64_t>();
  connection.first_message_ns = in->Get<int64_t>();
  connection.ended_ns = in->Get<int64_t>();
  connection.code = in->Get<int32_t>();
  connection.server = in->GetText();
  connection.server_id = in->GetText();
  connection.message = in->GetText();
  const auto bits = in->Get<uint8_t>();
  connection.resumed = (bits & kBit0) != 0;
  connection.has_start = (bits & kBit1) != 0;
  connection.live_only = (bits & kBit2) != 0;
  connection.log_id = in->GetText();
  GetToken(in, &connection.token);
  GetToken(in, &connection.sent);
  connection.subscription = in->GetText();
  connection.number = in->Get<uint32_t>();
  return in->at_end() && builder->OnConnection(client, connection);
}

bool ReplayConnectionEnd(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  FailedAttempt end;
  end.time_ns = in->Get<int64_t>();
  end.code = in->Get<int32_t>();
  end.message = in->GetText();
  const auto number = in->Get<uint32_t>();
  return in->at_end() && builder->OnConnectionEnd(client, end, number);
}

bool ReplayClientStay(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  ClientStay stay;
  stay.joined_ns = in->Get<int64_t>();
  stay.left_ns = in->Get<int64_t>();
  stay.starts_late = in->Get<bool>();
  return in->at_end() && builder->OnClientStay(client, stay);
}

bool ReplayFailedAttempt(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  FailedAttempt attempt;
  attempt.time_ns = in->Get<int64_t>();
  attempt.code = in->Get<int32_t>();
  attempt.message = in->GetText();
  attempt.tells_token = (in->Get<uint8_t>() & kBit0) != 0;
  GetToken(in, &attempt.sent);
  return in->at_end() && builder->OnFailedAttempt(client, attempt);
}

bool ReplayFault(ByteReader* in, HistoryBuilder* builder) {
  const auto index = in->Get<uint32_t>();
  FaultEvent fault;
  fault.name = in->GetText();
  fault.type = in->GetText();
  fault.target = in->GetText();
  fault.planned_ns = in->Get<int64_t>();
  fault.struck_ns = in->Get<int64_t>();
  fault.healed_ns = in->Get<int64_t>();
  fault.effective = in->Get<bool>();
  fault.evidence = in->GetText();
  return in->at_end() && builder->SetFault(index, fault);
}

bool ReplayProcess(ByteReader* in, HistoryBuilder* builder) {
  const auto index = in->Get<uint32_t>();
  ProcessSpan process;
  process.name = in->GetText();
  process.pid = in->Get<int64_t>();
  process.started_ns = in->Get<int64_t>();
  process.ready_ns = in->Get<int64_t>();
  process.ended_ns = in->Get<int64_t>();
  const auto bits = in->Get<uint8_t>();
  process.ended_by_fault = (bits & kBit0) != 0;
  process.ended_by_harness = (bits & kBit1) != 0;
  process.how = in->GetText();
  process.rss_ready_bytes = in->Get<int64_t>();
  process.rss_bytes_max = in->Get<int64_t>();
  process.bad_end = in->GetText();
  return in->at_end() && builder->SetProcess(index, process);
}

bool ReplayProbedServer(ByteReader* in, HistoryBuilder* builder) {
  const auto index = in->Get<uint16_t>();
  ProbedServer server;
  server.name = in->GetText();
  server.address = in->GetText();
  return in->at_end() && builder->SetProbedServer(index, server);
}

bool ReplayUnaryRead(ByteReader* in, HistoryBuilder* builder) {
  UnaryRead read;
  read.asked_ns = in->Get<int64_t>();
  read.answered_ns = in->Get<int64_t>();
  read.id_hash = in->Get<uint64_t>();
  read.content_hash = in->Get<uint64_t>();
  read.offset = in->Get<int64_t>();
  read.processed_at_s = in->Get<int64_t>();
  read.partition = in->Get<int32_t>();
  read.client = in->Get<uint16_t>();
  read.server = in->Get<uint16_t>();
  read.code = in->Get<uint8_t>();
  const auto bits = in->Get<uint8_t>();
  read.min_position = (bits & kBit0) != 0;
  read.quiet = (bits & kBit1) != 0;
  read.amount_differs = (bits & kBit2) != 0;
  return in->at_end() && builder->OnUnaryRead(read);
}

bool ReplayListWalk(ByteReader* in, HistoryBuilder* builder) {
  ListWalk walk;
  walk.begin_ns = in->Get<int64_t>();
  walk.end_ns = in->Get<int64_t>();
  walk.server = in->Get<uint16_t>();
  walk.code = in->Get<uint8_t>();
  const auto bits = in->Get<uint8_t>();
  walk.quiet = (bits & kBit0) != 0;
  walk.whole = (bits & kBit1) != 0;
  walk.cut = (bits & kBit2) != 0;
  walk.total_count = in->Get<int64_t>();
  walk.payments.resize(in->GetCount(kListedBytes));
  for (ListedPayment& payment : walk.payments) {
    payment.id_hash = in->Get<uint64_t>();
    payment.content_hash = in->Get<uint64_t>();
    payment.processed_at_s = in->Get<int64_t>();
    payment.amount_differs = (in->Get<uint8_t>() & kBit0) != 0;
  }
  return in->at_end() && builder->OnListWalk(std::move(walk));
}

bool ReplayClaim(ByteReader* in, HistoryBuilder* builder) {
  Claim claim;
  claim.subject = in->GetEnum(SubjectKind::kServer);
  claim.kind = in->GetEnum(ClaimKind::kContent);
  claim.index = in->Get<uint32_t>();
  claim.time_ns = in->Get<int64_t>();
  claim.what = in->GetText();
  return in->at_end() && builder->OnClaim(claim);
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

bool ReplayClosing(ByteReader* in, HistoryBuilder* builder) {
  History closing;
  closing.load_begin_ns = in->Get<int64_t>();
  closing.load_end_ns = in->Get<int64_t>();
  closing.drain_end_ns = in->Get<int64_t>();
  closing.log_bytes = in->Get<int64_t>();
  const auto bits = in->Get<uint8_t>();
  closing.audited = (bits & kBit0) != 0;
  closing.drained = (bits & kBit1) != 0;
  closing.interrupted = (bits & kBit2) != 0;
  closing.harness_errors.resize(in->GetCount(sizeof(uint32_t)));
  for (std::string& error : closing.harness_errors) error = in->GetText();
  if (!in->at_end()) return false;
  History& history = builder->history();
  history.load_begin_ns = closing.load_begin_ns;
  history.load_end_ns = closing.load_end_ns;
  history.drain_end_ns = closing.drain_end_ns;
  history.log_bytes = closing.log_bytes;
  history.audited = closing.audited;
  history.drained = closing.drained;
  history.interrupted = closing.interrupted;
  history.harness_errors = std::move(closing.harness_errors);
  return true;
}

}  // namespace

bool ReplayFrame(FrameType type, std::string_view payload, HistoryBuilder* builder) {
  ByteReader in(payload);
  switch (type) {
    case FrameType::kRun: {
      builder->history().run_id = in.GetText();
      return in.at_end();
    }
    case FrameType::kProducer: {
      const auto index = in.Get<uint16_t>();
      std::string name(in.GetText());
      const bool has_acks = in.Get<bool>();
      return in.at_end() && builder->SetProducer(index, std::move(name), has_acks);
    }
    case FrameType::kProducerEnded: {
      const auto producer = in.Get<uint16_t>();
      return in.at_end() && builder->OnProducerEnded(producer);
    }
    case FrameType::kWatermarks: {
      const auto partition = in.Get<int32_t>();
      const auto low = in.Get<int64_t>();
      const auto high = in.Get<int64_t>();
      return in.at_end() && builder->OnWatermarks(partition, low, high);
    }
    case FrameType::kBrokenLines: {
      const auto client = in.Get<uint16_t>();
      const auto count = in.Get<int64_t>();
      return in.at_end() && builder->OnBrokenLines(client, count);
    }
    case FrameType::kBrokenLineText: {
      const auto client = in.Get<uint16_t>();
      const std::string_view sentence = in.GetText();
      return in.at_end() && builder->OnBrokenLineText(client, sentence);
    }
    case FrameType::kHarnessError: {
      builder->HarnessError(std::string(in.GetText()));
      return in.at_end();
    }
    case FrameType::kClient:
      return ReplayClient(&in, builder);
    case FrameType::kPhase:
      return ReplayPhase(&in, builder);
    case FrameType::kPartitions:
      return ReplayPartitions(&in, builder);
    case FrameType::kSends:
      return ReplaySends(&in, builder);
    case FrameType::kOutcomes:
      return ReplayOutcomes(&in, builder);
    case FrameType::kLog:
      return ReplayLog(&in, builder);
    case FrameType::kConnection:
      return ReplayConnection(&in, builder);
    case FrameType::kDeliveries:
      return ReplayDeliveries(&in, builder);
    case FrameType::kBookmarks:
      return ReplayBookmarks(&in, builder);
    case FrameType::kClientStay:
      return ReplayClientStay(&in, builder);
    case FrameType::kConnectionEnd:
      return ReplayConnectionEnd(&in, builder);
    case FrameType::kFailedAttempt:
      return ReplayFailedAttempt(&in, builder);
    case FrameType::kNames:
      return ReplayNames(&in, builder);
    case FrameType::kFault:
      return ReplayFault(&in, builder);
    case FrameType::kProcess:
      return ReplayProcess(&in, builder);
    case FrameType::kProbedServer:
      return ReplayProbedServer(&in, builder);
    case FrameType::kUnaryRead:
      return ReplayUnaryRead(&in, builder);
    case FrameType::kListWalk:
      return ReplayListWalk(&in, builder);
    case FrameType::kDeadLetters:
      return ReplayDeadLetters(&in, builder);
    case FrameType::kClaim:
      return ReplayClaim(&in, builder);
    case FrameType::kContent:
      return ReplayContent(&in, builder);
    case FrameType::kServer:
    case FrameType::kServerStarted:
    case FrameType::kServerBegan:
    case FrameType::kServerRecords:
    case FrameType::kServerEnded:
    case FrameType::kServerCut:
    case FrameType::kServerStopped:
    case FrameType::kServerBroken:
      return ReplayServerFrame(type, payload, builder);
    case FrameType::kClosing:
      return ReplayClosing(&in, builder);
  }
  return false;
}

}  // namespace harness
