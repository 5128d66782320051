#include "harness/observe/recorder.h"

#include "harness/observe/recorder_state.h"

namespace harness {
namespace {

constexpr int64_t kCheckNs = 10'000'000;
constexpr uint64_t kSequenceMax = 0xFFFF'FFFF'FFFF;

}  // namespace

Recorder::Recorder(std::string run_id, const std::string& history_dir)
    : state_(std::make_unique<State>(std::move(run_id), history_dir)) {}

Recorder::~Recorder() = default;

uint16_t Recorder::AddProducer(std::string name, bool has_acks) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().producers.size();
  if (!state.builder.SetProducer(index, name, has_acks)) {
    throw std::length_error("more than " + std::to_string(kProducersMax) + " producers in one run");
  }
  const auto& added = state.builder.history().producers[index];
  state.Journal(FrameType::kProducer, [&](std::string* out) { EncodeProducer(index, added, out); });
  const pipeline::WriterLock names_lock(&state.names_mutex);
  if (name == kSentinelProducer) state.sentinel_producer = static_cast<uint32_t>(index);
  state.producer_names.push_back(std::move(name));
  return static_cast<uint16_t>(index);
}

uint8_t Recorder::AddPhase(const Phase& phase) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().phases.size();
  if (!state.builder.SetPhase(index, phase)) {
    throw std::length_error("more than " + std::to_string(kPhasesMax) + " phases in one run");
  }
  state.Journal(FrameType::kPhase, [&](std::string* out) { EncodePhase(index, phase, out); });
  return static_cast<uint8_t>(index);
}

void Recorder::SetPartitions(const std::vector<int64_t>& start_offsets, bool audited) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  state.Accepted(state.builder.SetPartitions(start_offsets, audited), "partition", start_offsets.size(),
                 FrameType::kPartitions, [&](std::string* out) { EncodePartitions(start_offsets, audited, out); });
}

void Recorder::OnSends(uint16_t producer, std::span<const SendSeen> sends) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    while (!sends.empty()) {
      const std::span<const SendSeen> piece = NextPiece(&sends);
      state.Accepted(state.builder.OnSends(producer, piece), "producer", producer, FrameType::kSends,
                     [&](std::string* out) { EncodeSends(producer, piece, out); });
    }
  }
  state.changed.NotifyAll();
}

void Recorder::OnOutcomes(uint16_t producer, std::span<const OutcomeSeen> outcomes) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    while (!outcomes.empty()) {
      const std::span<const OutcomeSeen> piece = NextPiece(&outcomes);
      state.Accepted(state.builder.OnOutcomes(producer, piece), "producer", producer, FrameType::kOutcomes,
                     [&](std::string* out) { EncodeOutcomes(producer, piece, out); });
    }
  }
  state.changed.NotifyAll();
}

void Recorder::OnProducerEnded(uint16_t producer) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.Accepted(state.builder.OnProducerEnded(producer), "producer", producer, FrameType::kProducerEnded,
                   [&](std::string* out) { EncodeProducerEnded(producer, out); });
  }
  state.changed.NotifyAll();
}

void Recorder::OnLog(std::span<const LogSeen> records) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    while (!records.empty()) {
      const std::span<const LogSeen> piece = NextPiece(&records);
      state.Accepted(state.builder.OnLog(piece), "partition", 0, FrameType::kLog,
                     [&](std::string* out) { EncodeLog(piece, out); });
    }
  }
  state.changed.NotifyAll();
}

void Recorder::OnWatermarks(int32_t partition, int64_t low, int64_t high) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.Accepted(state.builder.OnWatermarks(partition, low, high), "partition", static_cast<size_t>(partition),
                   FrameType::kWatermarks, [&](std::string* out) { EncodeWatermarks(partition, low, high, out); });
  }
  state.changed.NotifyAll();
}

void Recorder::OnClaim(const Claim& claim) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  state.Accepted(state.builder.OnClaim(claim), "subject", claim.index, FrameType::kClaim,
                 [&](std::string* out) { EncodeClaim(claim, out); });
}

void Recorder::OnContent(const KeptContent& content) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  if (state.builder.history().contents.size() >= kContentsMax) return;
  state.Accepted(state.builder.OnContent(content), "content", 0, FrameType::kContent,
                 [&](std::string* out) { EncodeContent(content, out); });
}

int64_t Recorder::StartedNs(std::string_view process) const {
  const pipeline::MutexLock lock(&state_->mutex);
  for (const ProcessSpan& span : state_->builder.history().processes) {
    if (span.name == process) return span.started_ns;
  }
  return 0;
}

uint16_t Recorder::AddProbedServer(const ProbedServer& server) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().probed.size();
  state.Accepted(state.builder.SetProbedServer(index, server), "probed server", index, FrameType::kProbedServer,
                 [&](std::string* out) { EncodeProbedServer(index, server, out); });
  return static_cast<uint16_t>(index);
}

void Recorder::OnUnaryRead(const UnaryRead& read) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  state.Accepted(state.builder.OnUnaryRead(read), "probed server", read.server, FrameType::kUnaryRead,
                 [&](std::string* out) { EncodeUnaryRead(read, out); });
}

void Recorder::OnListWalk(const ListWalk& walk) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  state.Accepted(state.builder.OnListWalk(walk), "probed server", walk.server, FrameType::kListWalk,
                 [&](std::string* out) { EncodeListWalk(walk, out); });
}

void Recorder::OnDeadLetters(std::span<const DeadLetterSeen> letters) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const auto tell = [&](std::span<const DeadLetterSeen> piece, bool whole) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
    state.Accepted(state.builder.OnDeadLetters(piece, whole), "dead letters", 0, FrameType::kDeadLetters,
                   [&](std::string* out) { EncodeDeadLetters(piece, whole, out); });
  };
  while (!letters.empty()) tell(NextPiece(&letters), false);
  tell({}, true);
}

size_t Recorder::AddServer(const std::string& name) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().servers.size();
  state.Accepted(state.builder.SetServer(index, name), "server", index, FrameType::kServer,
                 [&](std::string* out) { EncodeServer(index, name, out); });
  return index;
}

void Recorder::OnServer(size_t server, const ServerSeen& seen) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  state.Accepted(state.builder.OnServer(server, seen), "server", server, FrameTypeOf(seen),
                 [&](std::string* out) { EncodeServerSeen(server, seen, out); });
}

void Recorder::OnName(uint64_t id_hash, std::string_view id) {
  const NameSeen name{id_hash, id};
  OnNames({&name, 1});
}

void Recorder::OnNames(std::span<const NameSeen> names) {
  const pipeline::MutexLock lock(&state_->mutex);
  state_->AddNames(names);
}

size_t Recorder::OnFault(const FaultEvent& fault) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().faults.size();
  state.Accepted(state.builder.SetFault(index, fault), "fault", index, FrameType::kFault,
                 [&](std::string* out) { EncodeFault(index, fault, out); });
  return index;
}

void Recorder::UpdateFault(size_t index, const std::function<void(FaultEvent*)>& change) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  std::vector<FaultEvent>& faults = state.builder.history().faults;
  if (index < faults.size()) change(&faults[index]);
  state.Accepted(index < faults.size(), "fault", index, FrameType::kFault,
                 [&](std::string* out) { EncodeFault(index, faults[index], out); });
}

size_t Recorder::OnProcess(const ProcessSpan& span) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  const size_t index = state.builder.history().processes.size();
  state.Accepted(state.builder.SetProcess(index, span), "process", index, FrameType::kProcess,
                 [&](std::string* out) { EncodeProcess(index, span, out); });
  return index;
}

void Recorder::UpdateProcess(size_t index, const std::function<void(ProcessSpan*)>& change) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  std::vector<ProcessSpan>& processes = state.builder.history().processes;
  if (index < processes.size()) change(&processes[index]);
  state.Accepted(index < processes.size(), "process", index, FrameType::kProcess,
                 [&](std::string* out) { EncodeProcess(index, processes[index], out); });
}

void Recorder::UpdatePhase(uint8_t phase, const std::function<void(Phase*)>& change) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  std::vector<Phase>& phases = state.builder.history().phases;
  if (phase < phases.size()) change(&phases[phase]);
  state.Accepted(phase < phases.size(), "phase", phase, FrameType::kPhase,
                 [&](std::string* out) { EncodePhase(phase, phases[phase], out); });
}

void Recorder::HarnessError(std::string sentence) {
  const pipeline::MutexLock lock(&state_->mutex);
  state_->AddHarnessError(std::move(sentence));
}

std::optional<Rec> Recorder::ParseRec(std::string_view text) const {
  const State& state = *state_;
  if (!text.starts_with(state.prefix)) return std::nullopt;
  text.remove_prefix(state.prefix.size());
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view number = text.substr(dot + 1);
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), sequence);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  if (sequence == 0 || sequence > kSequenceMax || number.front() == '0') return std::nullopt;
  const pipeline::ReaderLock lock(&state.names_mutex);
  const auto found = std::find(state.producer_names.begin(), state.producer_names.end(), text.substr(0, dot));
  if (found == state.producer_names.end()) return std::nullopt;
  return Rec::Make(static_cast<uint16_t>(found - state.producer_names.begin()), sequence);
}

bool Recorder::IsSentinel(Rec rec) const {
  const pipeline::ReaderLock lock(&state_->names_mutex);
  return rec.has_value() && rec.producer() == state_->sentinel_producer;
}

LiveCounts Recorder::Counts() const {
  const pipeline::MutexLock lock(&state_->mutex);
  return state_->builder.Counts();
}

bool Recorder::WaitFor(const std::function<bool(const LiveCounts&)>& predicate, int64_t deadline_ns) const {
  State& state = *state_;
  pipeline::MutexLock lock(&state.mutex);
  while (true) {
    const LiveCounts counts = state.builder.Counts();
    const uint64_t version = state.version;
    lock.Unlock();
    if (predicate(counts)) return true;
    const int64_t now_ns = pipeline::MonotonicNs();
    if (now_ns >= deadline_ns) return false;
    lock.Lock();
    // std::chrono::steady_clock is CLOCK_MONOTONIC.
    const std::chrono::nanoseconds until(std::min(deadline_ns, now_ns + kCheckNs));
    state.changed.WaitUntil(&state.mutex, std::chrono::steady_clock::time_point(until),
                            [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) { return state.version != version; });
  }
}

void Recorder::Read(const std::function<void(const History&)>& reader) const {
  const pipeline::MutexLock lock(&state_->mutex);
  reader(state_->builder.history());
}

void Recorder::State::JournalEnd() {
  const History& history = builder.history();
  for (size_t i = 0; i < history.producers.size(); ++i) {
    Journal(FrameType::kProducer, [&](std::string* out) { EncodeProducer(i, history.producers[i], out); });
  }
  for (size_t i = 0; i < history.clients.size(); ++i) {
    Journal(FrameType::kClient, [&](std::string* out) { EncodeClient(i, history.clients[i], out); });
  }
  for (size_t i = 0; i < history.phases.size(); ++i) {
    Journal(FrameType::kPhase, [&](std::string* out) { EncodePhase(i, history.phases[i], out); });
  }
  for (size_t i = 0; i < history.faults.size(); ++i) {
    Journal(FrameType::kFault, [&](std::string* out) { EncodeFault(i, history.faults[i], out); });
  }
  for (size_t i = 0; i < history.processes.size(); ++i) {
    Journal(FrameType::kProcess, [&](std::string* out) { EncodeProcess(i, history.processes[i], out); });
  }
  Journal(FrameType::kClosing, [&](std::string* out) { EncodeClosing(history, out); });
}

History Recorder::Finish(const std::function<void(History*)>& final_change) {
  State& state = *state_;
  const pipeline::MutexLock lock(&state.mutex);
  if (final_change) final_change(&state.builder.history());
  state.builder.PlaceInPhases();
  state.builder.ReportComplaints();
  state.JournalEnd();
  if (state.journal) {
    const std::string error = state.journal->Close();
    if (!error.empty()) state.builder.HarnessError(error);
  }
  return std::move(state.builder.history());
}

}  // namespace harness
