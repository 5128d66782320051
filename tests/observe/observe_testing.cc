#include "observe_testing.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>

namespace harness {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "observe_test.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TempFolder::~TempFolder() { std::filesystem::remove_all(path_); }

void AppendTo(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("cannot append to " + path);
  }
  close(fd);
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

namespace {

template <typename T>
int AsInt(T value) {
  return static_cast<int>(value);
}

void ProducersText(const History& history, std::ostream& out) {
  for (const Producer& producer : history.producers) {
    out << "producer " << producer.name << " acks " << producer.has_acks << "\n";
    for (const Send& s : producer.sends) {
      out << "  send " << s.planned_ns << " " << s.sent_ns << " " << s.acked_ns << " " << s.content_hash << " "
          << s.partition << "@" << s.offset << " outcome " << AsInt(s.outcome) << " " << s.sentinel << s.measured
          << " phase " << AsInt(s.phase) << "\n";
    }
  }
}

void PartitionsText(const History& history, std::ostream& out) {
  for (const PartitionLog& log : history.partitions) {
    out << "partition " << log.start_offset << " " << log.low_watermark << " " << log.end_offset << "\n";
    for (const LogRecord& r : log.records) {
      out << "  " << r.offset << " seen " << r.seen_ns << " rec " << r.rec.bits << " hash " << r.content_hash << " id "
          << r.id_hash << " t " << r.timestamp_s << " crc " << r.crc32c << " " << AsInt(r.provider) << AsInt(r.status)
          << r.valid << r.sentinel << "\n";
    }
  }
}

void ClientsText(const History& history, std::ostream& out) {
  for (const Client& c : history.clients) {
    out << "client " << c.name << " " << AsInt(c.filter.provider) << AsInt(c.filter.status) << AsInt(c.resume)
        << c.observed << c.marks_connections << c.embedded << " " << c.reconnect_delay_min_ns << " "
        << c.reconnect_delay_max_ns << " broken " << c.broken_lines << "\n";
    for (const std::string& server : c.servers) out << "  of " << server << "\n";
    for (const Connection& n : c.connections) {
      out << "  connection " << n.started_ns << " " << n.first_message_ns << " " << n.ended_ns << " " << n.code << " "
          << n.server << " " << n.server_id << " " << n.message << " " << n.resumed << n.has_start << " " << n.log_id
          << " called " << n.subscription << "\n";
      for (const auto& [what, positions] : {std::pair("start", &n.token), {"sent", &n.sent}}) {
        for (const StartPosition& t : *positions) {
          out << "    " << what << " " << t.partition << " " << t.after << " " << t.snapshot_until << "\n";
        }
      }
    }
    for (const FailedAttempt& a : c.attempts) {
      out << "  attempt " << a.time_ns << " " << a.code << " " << a.message << "\n";
    }
    for (const Delivery& d : c.deliveries) {
      out << "  " << d.partition << "@" << d.offset << " " << d.time_ns << " rec " << d.rec.bits << " hash "
          << d.content_hash << " id " << d.id_hash << " crc " << d.crc32c << " on " << d.connection << " "
          << AsInt(d.kind) << d.sentinel << "\n";
    }
  }
}

void ServersText(const History& history, std::ostream& out) {
  for (const JournaledServer& s : history.servers) {
    out << "server " << s.name << " broken " << s.broken_lines << "\n";
    for (const ServerLife& l : s.lives) {
      out << "  life " << l.server_id << " " << l.pid << " " << l.started_ns << " " << l.stopped_ns << " lost "
          << l.lost << "\n";
    }
    for (const ServerStream& n : s.streams) {
      out << "  stream " << n.number << " of " << n.life << " " << n.began_ns << " " << n.ended_ns << " " << n.code
          << " " << n.reason << " " << n.peer << " " << n.resumed << "\n";
      for (const auto& [what, positions] : {std::pair("start", &n.token), {"sent", &n.sent}}) {
        for (const StartPosition& t : *positions) {
          out << "    " << what << " " << t.partition << " " << t.after << " " << t.snapshot_until << "\n";
        }
      }
    }
    for (const ServerEvent& e : s.events) {
      out << "  " << AsInt(e.kind) << " " << e.partition << "@" << e.offset << " " << e.time_ns << " of " << e.owner
          << " " << AsInt(e.reason) << "\n";
    }
  }
}

}  // namespace

std::string HistoryText(const History& history, bool with_errors) {
  std::ostringstream out;
  out << "run " << history.run_id << " " << history.audited << history.drained << history.interrupted << " "
      << history.load_begin_ns << " " << history.load_end_ns << " " << history.drain_end_ns << " " << history.log_bytes
      << "\n";
  for (const Phase& p : history.phases) {
    out << "phase " << p.name << " " << p.begin_ns << " " << p.end_ns << " " << p.measured << p.offers_load << " "
        << p.planned << "\n";
  }
  ProducersText(history, out);
  PartitionsText(history, out);
  ClientsText(history, out);
  ServersText(history, out);
  for (const FaultEvent& f : history.faults) {
    out << "fault " << f.name << " " << f.type << " " << f.target << " " << f.planned_ns << " " << f.struck_ns << " "
        << f.healed_ns << " " << f.effective << " " << f.evidence << "\n";
  }
  for (const ProcessSpan& p : history.processes) {
    out << "process " << p.name << " " << p.pid << " " << p.started_ns << " " << p.ready_ns << " " << p.ended_ns << " "
        << p.ended_by_fault << p.ended_by_harness << " " << p.how << " " << p.rss_ready_bytes << " " << p.rss_bytes_max
        << "\n";
  }
  for (const ProbedServer& p : history.probed) out << "probed " << p.name << " at " << p.address << "\n";
  for (const UnaryRead& r : history.reads) {
    out << "read " << r.asked_ns << " " << r.answered_ns << " id " << r.id_hash << " hash " << r.content_hash << " of "
        << r.partition << "@" << r.offset << " of " << r.client << " at " << r.server << " " << int{r.code}
        << r.min_position << "\n";
  }
  for (const ListWalk& w : history.walks) {
    out << "walk " << w.begin_ns << " " << w.end_ns << " at " << w.server << " " << int{w.code} << w.quiet << w.whole;
    for (const ListedPayment& p : w.payments) out << " " << p.id_hash << ":" << p.content_hash;
    out << "\n";
  }
  std::map<uint64_t, std::string> names;
  history.names.ForEach([&](uint64_t hash, std::string_view name) { names.emplace(hash, name); });
  for (const auto& [hash, name] : names) out << "name " << hash << " " << name << "\n";
  if (with_errors) {
    for (const std::string& error : history.harness_errors) out << "error " << error << "\n";
  }
  return out.str();
}

Client NamedClient(const std::string& name) {
  Client client;
  client.name = name;
  return client;
}

Delivery DeliveryAt(int32_t partition, int64_t offset, int64_t time_ns) {
  Delivery delivery;
  delivery.time_ns = time_ns;
  delivery.partition = partition;
  delivery.offset = offset;
  return delivery;
}

LogSeen LoggedAt(int32_t partition, int64_t offset) {
  LogSeen seen;
  seen.partition = partition;
  seen.record.offset = offset;
  seen.record.valid = true;
  return seen;
}

Connection ConnectionAt(int64_t started_ns) {
  Connection connection;
  connection.started_ns = started_ns;
  return connection;
}

SendSeen SendOf(uint64_t sequence, int64_t time_ns) {
  SendSeen seen;
  seen.sequence = sequence;
  seen.send.planned_ns = seen.send.sent_ns = time_ns;
  seen.send.content_hash = sequence * 7;
  return seen;
}

namespace {

class RandomTeller {
 public:
  RandomTeller(uint64_t seed, bool find_phase, Recorder* recorder)
      : random_(seed), find_phase_(find_phase), recorder_(recorder) {
    recorder->Read([this](const History& history) {
      producers_ = history.producers.size();
      clients_ = history.clients.size();
      servers_ = history.probed.size();
      phases_ = history.phases.size();
      faults_ = history.faults.size();
      processes_ = history.processes.size();
      journaled_ = history.servers.size();
      partitions_ = history.partitions.size();
    });
  }

  void Tell() {
    switch (Below(22)) {
      case 0:
        recorder_->AddProducer("producer-" + Word(), Coin());
        break;
      case 1:
        recorder_->AddClient(RandomClient());
        break;
      case 2:
        TellPhase();
        break;
      case 3:
        recorder_->HarnessError("something went wrong: " + Word());
        break;
      case 4:
        TellFault();
        break;
      case 5:
        TellProcess();
        break;
      case 6:
        recorder_->OnName(Below(5), Word());
        break;
      case 7:
        recorder_->OnBrokenLine(Below(clients_ + 1));
        break;
      case 8:
        recorder_->OnProducerEnded(static_cast<uint16_t>(Below(producers_ + 1)));
        break;
      case 9:
        recorder_->OnWatermarks(static_cast<int32_t>(Below(partitions_ + 1)), Number(), Number());
        break;
      case 10:
        TellConnection();
        break;
      case 11:
        recorder_->OnConnectionEnd(Below(clients_ + 1), Number(), static_cast<int>(Below(17)), Word());
        break;
      case 12:
        recorder_->OnFailedAttempt(Below(clients_ + 1), {Number(), static_cast<int>(Below(17)), Word()});
        break;
      case 13:
      case 14:
        TellSends();
        break;
      case 15:
        TellOutcomes();
        break;
      case 16:
        TellProbe();
        break;
      case 17:
        TellLog();
        break;
      case 18:
      case 19:
        TellServer();
        break;
      default:
        TellDeliveries();
        break;
    }
  }

 private:
  uint64_t Below(uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }
  bool Coin() { return Below(2) == 1; }
  int64_t Number() { return static_cast<int64_t>(Below(1'000)) + 1; }
  std::string Word() { return Below(40) == 0 ? std::string(5'000, 'x') : "w" + std::to_string(Below(100)); }

  Client RandomClient() {
    Client client = NamedClient("client-" + Word());
    client.filter = {static_cast<pipeline::Provider>(Below(4)), static_cast<pipeline::PaymentStatus>(Below(5))};
    client.resume = Coin() ? ResumeMode::kToken : ResumeMode::kNone;
    client.observed = Coin();
    client.marks_connections = Coin();
    client.embedded = Coin();
    client.reconnect_delay_min_ns = Number();
    client.reconnect_delay_max_ns = Number();
    client.servers.assign(Below(3), Word());
    return client;
  }
  void TellPhase() {
    const Phase phase{Word(), Number(), Number(), Coin(), Coin(), Number()};
    if (phases_ == 0 || Coin()) {
      if (phases_ < 200) recorder_->AddPhase(phase);
    } else {
      recorder_->UpdatePhase(static_cast<uint8_t>(Below(phases_)), [&](Phase* changed) { *changed = phase; });
    }
  }
  void TellFault() {
    const FaultEvent fault{Word(),   Word(),   Word(), Number(),
                           Number(), Number(), Coin(), "pid " + std::to_string(Below(9))};
    if (Coin()) {
      recorder_->OnFault(fault);
    } else {
      recorder_->UpdateFault(Below(faults_ + 1), [&](FaultEvent* changed) { *changed = fault; });
    }
  }
  void TellProcess() {
    const ProcessSpan process{Word(), Number(), Number(), Number(), Number(),
                              Coin(), Coin(),   "exit 0", Number(), Number()};
    if (Coin()) {
      recorder_->OnProcess(process);
    } else {
      recorder_->UpdateProcess(Below(processes_ + 1), [&](ProcessSpan* changed) { *changed = process; });
    }
  }
  void TellProbe() {
    const auto server = static_cast<uint16_t>(Below(servers_ + 1));
    switch (Below(3)) {
      case 0:
        recorder_->AddProbedServer({Word(), Word()});
        break;
      case 1:
        recorder_->OnUnaryRead({Number(), Number(), Below(9), Below(9), Number(), static_cast<int32_t>(Below(4)),
                                static_cast<uint16_t>(Below(clients_ + 1)), server, static_cast<uint8_t>(Below(17)),
                                Coin()});
        break;
      default:
        ListWalk walk{Number(), Number(), server, static_cast<uint8_t>(Below(17)), Coin(), Coin(), {}};
        for (uint64_t i = Below(5); i > 0; --i) walk.payments.push_back({Below(9), Below(9)});
        recorder_->OnListWalk(walk);
    }
  }
  void TellConnection() {
    Connection connection;
    connection.started_ns = Number();
    connection.server = Word();
    connection.server_id = Word();
    connection.resumed = Coin();
    connection.has_start = Coin();
    connection.log_id = Word();
    connection.token = Positions();
    connection.sent = Positions();
    connection.subscription = Coin() ? Word() : "";
    recorder_->OnConnection(Below(clients_ + 1), connection);
  }
  std::vector<StartPosition> Positions() {
    std::vector<StartPosition> positions;
    for (uint64_t i = Below(3); i > 0; --i) positions.push_back({static_cast<int32_t>(i), Number(), Number()});
    return positions;
  }
  ServerSeen RandomServerSeen() {
    switch (Below(6)) {
      case 0:
        return ServerStarted{Number(), Number(), Word()};
      case 1: {
        ServerBegan seen;
        seen.stream.number = Below(5) + 1;
        seen.stream.began_ns = Number();
        seen.stream.resumed = Coin();
        seen.stream.peer = Word();
        seen.stream.token = Positions();
        seen.stream.sent = Positions();
        return seen;
      }
      case 2:
        return ServerEnded{Number(), Below(5) + 1, static_cast<int>(Below(17)), Word()};
      case 3:
        return ServerCut{Number()};
      case 4:
        return Coin() ? ServerSeen(ServerStopped{Number()}) : ServerSeen(ServerBroken{1});
      default: {
        ServerPlaces seen{Below(5), {}};
        for (uint64_t i = Below(4) + 1; i > 0; --i) {
          seen.places.push_back({Number(), Number(), static_cast<int32_t>(Below(4)),
                                 static_cast<pipeline::RejectReason>(Below(pipeline::kRejectReasonCount))});
        }
        return seen;
      }
    }
  }
  void TellServer() {
    if (journaled_ == 0 || Below(8) == 0) {
      recorder_->AddServer("server-" + Word());
      return;
    }
    recorder_->OnServer(Below(journaled_ + (Below(10) == 0 ? 1 : 0)), RandomServerSeen());
  }
  void TellSends() {
    std::vector<SendSeen> sends(Below(4));
    for (SendSeen& seen : sends) {
      seen = SendOf(Below(12) == 0 ? random_() : Below(40), Number());
      seen.send.partition = static_cast<int32_t>(Below(4)) - 1;
      seen.send.sentinel = Below(8) == 0;
      seen.send.measured = Coin();
      seen.send.phase = static_cast<uint8_t>(Below(3));
      seen.find_phase = find_phase_ && Coin();
    }
    recorder_->OnSends(static_cast<uint16_t>(Below(producers_ + 1)), sends);
  }
  void TellOutcomes() {
    std::vector<OutcomeSeen> outcomes(Below(4));
    for (OutcomeSeen& seen : outcomes) {
      seen = {Below(40), Number(), static_cast<Outcome>(Below(4)), static_cast<int32_t>(Below(4)) - 1, Number()};
    }
    recorder_->OnOutcomes(static_cast<uint16_t>(Below(producers_ + 1)), outcomes);
  }
  void TellLog() {
    std::vector<LogSeen> records(Below(4));
    for (LogSeen& seen : records) {
      seen.partition = static_cast<int32_t>(Below(partitions_ + (Below(10) == 0 ? 1 : 0)));
      seen.record.seen_ns = Number();
      seen.record.offset = Number();
      seen.record.rec = {random_()};
      seen.record.content_hash = random_();
      seen.record.id_hash = random_();
      seen.record.timestamp_s = Number();
      seen.record.crc32c = static_cast<uint32_t>(random_());
      seen.record.provider = static_cast<pipeline::Provider>(Below(4));
      seen.record.status = static_cast<pipeline::PaymentStatus>(Below(5));
      seen.record.valid = Coin();
      seen.record.sentinel = Below(8) == 0;
    }
    recorder_->OnLog(records);
  }
  void TellDeliveries() {
    std::vector<Delivery> deliveries(Below(4));
    for (Delivery& delivery : deliveries) {
      delivery = DeliveryAt(static_cast<int32_t>(Below(3)), static_cast<int64_t>(Below(50)) - 1, Number());
      delivery.rec = {Below(3)};
      delivery.content_hash = random_();
      delivery.id_hash = random_();
      delivery.crc32c = static_cast<uint32_t>(random_());
      delivery.kind = static_cast<DeliveryKind>(Below(3));
      delivery.sentinel = Below(8) == 0;
    }
    recorder_->OnDeliveries(Below(clients_ + 1), deliveries);
  }

  std::mt19937_64 random_;
  bool find_phase_;
  Recorder* recorder_;
  size_t producers_ = 0, clients_ = 0, phases_ = 0, faults_ = 0, processes_ = 0, partitions_ = 0, servers_ = 0,
         journaled_ = 0;
};

}  // namespace

void TellSomething(uint64_t seed, bool find_phase, Recorder* recorder) {
  RandomTeller(seed, find_phase, recorder).Tell();
}

}  // namespace harness
