#include "observe_testing.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
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
  seen.id_hash = sequence * 11;
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
    switch (Below(26)) {
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
      case 24:
        TellClaim();
        break;
      case 25:
        TellContent();
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
        recorder_->OnBrokenLine(Below(clients_ + 1), Coin() ? Word() : "");
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
        recorder_->OnConnectionEnd(Below(clients_ + 1), {Number(), static_cast<int>(Below(17)), Word()},
                                   static_cast<uint32_t>(Below(5)));
        break;
      case 23:
        recorder_->OnClientStay(Below(clients_ + 1), {Number(), Number(), Coin()});
        break;
      case 12:
        recorder_->OnFailedAttempt(Below(clients_ + 1),
                                   {Number(), static_cast<int>(Below(17)), Word(), Coin(), Positions()});
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
      case 20:
        TellBookmarks();
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
    client.program = Word();
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
    const ProcessSpan process{
        Word(),   Number(), Number(), Number(), Number(), Coin(), Coin(), "exit 0", Coin() ? Word() : "",
        Number(), Number()};
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
        recorder_->OnUnaryRead({Number(), Number(), Below(9), Below(9), Number(), Number(),
                                static_cast<int32_t>(Below(4)), static_cast<uint16_t>(Below(clients_ + 1)), server,
                                static_cast<uint8_t>(Below(17)), Coin(), Coin(), Coin()});
        break;
      default:
        ListWalk walk{Number(), Number(), server, static_cast<uint8_t>(Below(17)), Coin(), Coin(),
                      Coin(),   Number(), {}};
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
    connection.live_only = Coin();
    connection.log_id = Word();
    connection.token = Positions();
    connection.sent = Positions();
    connection.subscription = Coin() ? Word() : "";
    connection.number = static_cast<uint32_t>(Below(5));
    recorder_->OnConnection(Below(clients_ + 1), connection);
  }
  std::vector<TokenPart> Positions() {
    std::vector<TokenPart> positions;
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
        ServerRecords seen{Below(5), {}};
        for (uint64_t i = Below(4) + 1; i > 0; --i) {
          seen.records.push_back({Number(), Number(), static_cast<int32_t>(Below(4)),
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
      seen.send.time_is_replaced = Below(8) == 0;
      seen.find_phase = find_phase_ && Coin();
    }
    recorder_->OnSends(static_cast<uint16_t>(Below(producers_ + 1)), sends);
  }
  void TellOutcomes() {
    std::vector<OutcomeSeen> outcomes(Below(4));
    for (OutcomeSeen& seen : outcomes) {
      seen = {Below(40), Number(), static_cast<Outcome>(Below(4)), static_cast<int32_t>(Below(4)) - 1, Number()};
      seen.time_is_replaced = Below(8) == 0;
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
      seen.record.processed_at_s = Number();
      seen.record.reason = static_cast<pipeline::RejectReason>(Below(pipeline::kRejectReasonCount));
      seen.record.key_differs = Coin();
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
      delivery.processed_at_s = Coin() ? kNotTold : Number();
      delivery.amount_differs = Coin();
      delivery.time_is_replaced = Coin();
      delivery.crc32c = static_cast<uint32_t>(random_());
      delivery.kind = static_cast<DeliveryKind>(Below(4));
      delivery.connection = static_cast<uint32_t>(Below(5));
      delivery.sentinel = Below(8) == 0;
    }
    recorder_->OnDeliveries(Below(clients_ + 1), deliveries);
  }
  void TellClaim() {
    Claim claim;
    claim.subject = static_cast<SubjectKind>(Below(3));
    claim.kind = static_cast<ClaimKind>(Below(3));
    claim.index = static_cast<uint32_t>(Below(3));
    claim.time_ns = Number();
    claim.what = Word();
    recorder_->OnClaim(claim);
  }
  void TellContent() {
    KeptContent content;
    content.content_hash = random_();
    content.partition = static_cast<int32_t>(Below(4)) - 1;
    content.offset = Number();
    content.where = Word();
    content.value = Word();
    content.payment.id = Word();
    content.payment.amount = {Number(), static_cast<uint32_t>(Below(19))};
    content.payment.provider = static_cast<pipeline::Provider>(Below(4));
    content.payment.metadata = {{Word(), Word()}};
    recorder_->OnContent(content);
  }
  void TellBookmarks() {
    std::vector<Bookmark> bookmarks(Below(4) + 1);
    for (Bookmark& bookmark : bookmarks) {
      bookmark.time_ns = Number();
      bookmark.offset = Number();
      bookmark.partition = static_cast<int32_t>(Below(3));
      bookmark.connection = static_cast<uint32_t>(Below(5));
    }
    recorder_->OnBookmarks(Below(clients_ + 1), bookmarks);
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
