// What the lines of the followed files mean, and what is said of those that mean nothing.
#include "harness/observe/log_tail_state.h"

namespace harness {
namespace {

constexpr size_t kBatchMax = 1'024;

std::string WhereText(const Followed& followed, const TailedFile::Line& line) {
  return followed.file.path() + " line " + std::to_string(line.number) + ": ";
}

}  // namespace

bool LogTail::State::ReadFile(Followed* followed) {
  const bool any = followed->file.ReadLines([&](const TailedFile::Line& line) {
    switch (followed->content) {
      case LogKind::kAckLog:
        return TakeAckLine(followed, line);
      case LogKind::kServerJournal:
        return TakeServerLine(followed, line);
      case LogKind::kEventLog:
        break;
    }
    return TakeEventLine(followed, line);
  });
  Flush(*followed);
  const std::string problem = followed->file.TakeProblem();
  if (!problem.empty()) recorder->HarnessError(problem);
  return any;
}

bool LogTail::State::TakeEventLine(Followed* followed, const TailedFile::Line& line) {
  if (line.too_long || !parser.ParseEvent(line.text, &event)) {
    NotUnderstood(followed, line,
                  [&](const std::string& sentence) { recorder->OnBrokenLine(followed->client, sentence); });
    return false;
  }
  bool replaced = false;
  event.time_ns = TrueTime(followed, line, event.time_ns, &replaced);
  event.delivery.time_ns = event.connection.started_ns = event.time_ns;
  event.delivery.time_is_replaced = replaced;
  for (Bookmark& bookmark : event.bookmarks) bookmark.time_ns = event.time_ns;
  if (event.type == EventLine::Type::kEvent || event.type == EventLine::Type::kDrop) {
    TakeDelivery(*followed);
  } else if (event.type == EventLine::Type::kBookmark) {
    Flush(*followed);
    recorder->OnBookmarks(followed->client, event.bookmarks);
  } else if (event.type == EventLine::Type::kConnection) {
    Flush(*followed);
    recorder->OnConnection(followed->client, event.connection);
  } else if (event.type == EventLine::Type::kEnd) {
    Flush(*followed);
    event.attempt.time_ns = event.time_ns;
    if (event.connection_number == 0U) {
      recorder->OnFailedAttempt(followed->client, event.attempt);
    } else {
      recorder->OnConnectionEnd(followed->client, event.attempt, event.connection_number.value_or(0));
    }
  }
  return true;
}

void LogTail::State::TakeDelivery(const Followed& followed) {
  if (event.type == EventLine::Type::kEvent) {
    const std::string_view rec = event.rec_text();
    if (!rec.empty()) event.delivery.rec = recorder->ParseRec(rec).value_or(Rec{});
    event.delivery.sentinel = recorder->IsSentinel(event.delivery.rec);
    names.Add(event.delivery.id_hash, event.payment.id);
  }
  deliveries.push_back(event.delivery);
  if (deliveries.size() >= kBatchMax) Flush(followed);
}

bool LogTail::State::TakeAckLine(Followed* followed, const TailedFile::Line& line) {
  if (line.too_long || !parser.ParseAck(line.text, &ack)) {
    // A send or an outcome may be lost with it, and every verdict on this producer's records.
    NotUnderstood(followed, line, [&](const std::string& sentence) {
      if (!sentence.empty()) recorder->HarnessError("the acknowledgement log can't be read: " + sentence);
    });
    return false;
  }
  bool replaced = false;
  ack.time_ns = TrueTime(followed, line, ack.time_ns, &replaced);
  ack.send.send.planned_ns = ack.send.send.sent_ns = ack.outcome.acked_ns = ack.time_ns;
  ack.send.send.time_is_replaced = ack.outcome.time_is_replaced = replaced;
  if (ack.type == AckLine::Type::kSend) {
    if (ack.send.id_hash != 0) names.Add(ack.send.id_hash, ack.payment.id);
    sends.push_back(ack.send);
  } else if (ack.type == AckLine::Type::kOutcome) {
    outcomes.push_back(ack.outcome);
  }
  if (sends.size() >= kBatchMax || outcomes.size() >= kBatchMax) Flush(*followed);
  return true;
}

bool LogTail::State::TakeServerLine(Followed* followed, const TailedFile::Line& line) {
  if (line.too_long || !server_parser.Parse(line.text, &server_seen)) {
    NotUnderstood(followed, line, [&](const std::string& sentence) {
      if (!sentence.empty()) recorder->HarnessError("the server's journal can't be read: " + sentence);
    });
    recorder->OnServer(followed->server, ServerBroken{1});
    return false;
  }
  MakeTimesTrue(followed, line, &server_seen);
  recorder->OnServer(followed->server, server_seen);
  return true;
}

void LogTail::State::NotUnderstood(Followed* followed, const TailedFile::Line& line,
                                   const std::function<void(const std::string&)>& damaged) const {
  LineProblem problem;
  if (!line.too_long) problem = FindLineProblem(followed->content, line.text);
  if (!problem.is_whole) {
    damaged(BrokenLine(followed, line, problem));
    return;
  }
  const bool content = followed->content == LogKind::kEventLog && IsAboutContent(problem.member);
  TellClaim(followed, content ? ClaimKind::kContent : ClaimKind::kItself,
            WhereText(*followed, line) + LineProblemText(problem, line.text));
}

void LogTail::State::TellClaim(Followed* followed, ClaimKind kind, const std::string& what) const {
  recorder->OnClaim({.subject = followed->subject(),
                     .kind = kind,
                     .index = followed->index(),
                     .time_ns = pipeline::MonotonicNs(),
                     .what = what});
}

int64_t LogTail::State::TrueTime(Followed* followed, const TailedFile::Line& line, int64_t told_ns,
                                 bool* replaced) const {
  if (followed->begun_ns == 0) followed->begun_ns = recorder->StartedNs(followed->name);
  const int64_t now_ns = pipeline::MonotonicNs();
  if (told_ns >= std::max<int64_t>(followed->begun_ns, 1) && told_ns <= now_ns) return told_ns;
  *replaced = true;
  TellClaim(followed, ClaimKind::kTime,
            fmt::format("{}its time, {}, is {}", WhereText(*followed, line), told_ns,
                        told_ns > now_ns ? "after the moment at which it was read" : "before its process began"));
  return now_ns;
}

void LogTail::State::MakeTimesTrue(Followed* followed, const TailedFile::Line& line, ServerSeen* seen) const {
  bool replaced = false;
  const auto correct = [&](int64_t* time_ns) { *time_ns = TrueTime(followed, line, *time_ns, &replaced); };
  if (auto* started = std::get_if<ServerStarted>(seen)) correct(&started->time_ns);
  if (auto* began = std::get_if<ServerBegan>(seen)) correct(&began->stream.began_ns);
  if (auto* ended = std::get_if<ServerEnded>(seen)) correct(&ended->time_ns);
  if (auto* stopped = std::get_if<ServerStopped>(seen)) correct(&stopped->time_ns);
  if (auto* seen_records = std::get_if<ServerRecords>(seen)) {
    for (ServerRecord& record : seen_records->records) correct(&record.time_ns);
  }
}

std::string LogTail::State::BrokenLine(Followed* followed, const TailedFile::Line& line, const LineProblem& problem) {
  if (followed->broken_lines++ >= kBrokenLinesTold) return {};
  followed->broken_lines_told += 1;
  const std::string where = WhereText(*followed, line);
  if (line.too_long) return where + "it has more than " + std::to_string(kLineBytesMax) + " bytes, which are allowed";
  return where + LineProblemText(problem, line.text);
}

void LogTail::State::TellFurtherBrokenLines(Followed* followed) const {
  if (followed->content == LogKind::kEventLog) return;  // its client has the count
  const int64_t untold = followed->broken_lines - std::exchange(followed->broken_lines_told, followed->broken_lines);
  if (untold <= 0) return;
  recorder->HarnessError(followed->file.path() + ": " + std::to_string(untold) + " more lines can't be read");
}

void LogTail::State::Flush(const Followed& followed) {
  names.TellTo(recorder);
  if (!deliveries.empty()) recorder->OnDeliveries(followed.client, deliveries);
  if (!sends.empty()) recorder->OnSends(followed.producer, sends);
  if (!outcomes.empty()) recorder->OnOutcomes(followed.producer, outcomes);
  deliveries.clear();
  sends.clear();
  outcomes.clear();
}

}  // namespace harness
