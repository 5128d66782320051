// How the journal's reader gives each frame to the HistoryBuilder: the run's own frames here, the others in the parts
// that journal_replay.h names.
#include "harness/observe/journal_replay.h"

#include <string>
#include <string_view>
#include <utility>

#include "harness/observe/journal_bytes.h"

namespace harness {
namespace {

bool ReplayRun(ByteReader* in, HistoryBuilder* builder) {
  builder->history().run_id = in->GetText();
  return in->at_end();
}

bool ReplayProducer(ByteReader* in, HistoryBuilder* builder) {
  const auto index = in->Get<uint16_t>();
  std::string name(in->GetText());
  const bool has_acks = in->Get<bool>();
  return in->at_end() && builder->SetProducer(index, std::move(name), has_acks);
}

bool ReplayProducerEnded(ByteReader* in, HistoryBuilder* builder) {
  const auto producer = in->Get<uint16_t>();
  return in->at_end() && builder->OnProducerEnded(producer);
}

bool ReplayWatermarks(ByteReader* in, HistoryBuilder* builder) {
  const auto partition = in->Get<int32_t>();
  const auto low = in->Get<int64_t>();
  const auto high = in->Get<int64_t>();
  return in->at_end() && builder->OnWatermarks(partition, low, high);
}

bool ReplayHarnessError(ByteReader* in, HistoryBuilder* builder) {
  builder->HarnessError(std::string(in->GetText()));
  return in->at_end();
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
    case FrameType::kRun:
      return ReplayRun(&in, builder);
    case FrameType::kProducer:
      return ReplayProducer(&in, builder);
    case FrameType::kProducerEnded:
      return ReplayProducerEnded(&in, builder);
    case FrameType::kPhase:
      return ReplayPhase(&in, builder);
    case FrameType::kPartitions:
      return ReplayPartitions(&in, builder);
    case FrameType::kWatermarks:
      return ReplayWatermarks(&in, builder);
    case FrameType::kFault:
      return ReplayFault(&in, builder);
    case FrameType::kProcess:
      return ReplayProcess(&in, builder);
    case FrameType::kHarnessError:
      return ReplayHarnessError(&in, builder);
    case FrameType::kProbedServer:
      return ReplayProbedServer(&in, builder);
    case FrameType::kUnaryRead:
      return ReplayUnaryRead(&in, builder);
    case FrameType::kListWalk:
      return ReplayListWalk(&in, builder);
    case FrameType::kClaim:
      return ReplayClaim(&in, builder);
    case FrameType::kClosing:
      return ReplayClosing(&in, builder);
    case FrameType::kSends:
    case FrameType::kOutcomes:
    case FrameType::kLog:
    case FrameType::kDeadLetters:
    case FrameType::kNames:
    case FrameType::kContent:
      return ReplayRecordsFrame(type, &in, builder);
    case FrameType::kClient:
    case FrameType::kClientStay:
    case FrameType::kConnection:
    case FrameType::kConnectionEnd:
    case FrameType::kFailedAttempt:
    case FrameType::kDeliveries:
    case FrameType::kBookmarks:
    case FrameType::kBrokenLines:
    case FrameType::kBrokenLineText:
      return ReplayClientFrame(type, &in, builder);
    case FrameType::kServer:
    case FrameType::kServerStarted:
    case FrameType::kServerBegan:
    case FrameType::kServerRecords:
    case FrameType::kServerEnded:
    case FrameType::kServerCut:
    case FrameType::kServerStopped:
    case FrameType::kServerBroken:
      return ReplayServerFrame(type, payload, builder);
  }
  return false;
}

}  // namespace harness
