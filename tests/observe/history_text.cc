#include "tests/observe/history_text.h"

#include <map>
#include <ostream>
#include <sstream>
#include <utility>

namespace harness {
namespace {

template <typename T>
int AsInt(T value) {
  return static_cast<int>(value);
}

void ProducersText(const History& history, std::ostream& out) {
  for (const Producer& producer : history.producers) {
    out << "producer " << producer.name << " acks " << producer.has_acks << "\n";
    for (const Send& s : producer.sends) {
      out << "  send " << s.planned_ns << " " << s.sent_ns << " " << s.acked_ns << " " << s.content_hash << " id "
          << s.id_hash << " " << s.partition << "@" << s.offset << " outcome " << AsInt(s.outcome) << " " << s.sentinel
          << s.measured << s.time_is_replaced << " phase " << AsInt(s.phase) << "\n";
    }
  }
}

void PartitionsText(const History& history, std::ostream& out) {
  for (const PartitionLog& log : history.partitions) {
    out << "partition " << log.start_offset << " " << log.low_watermark << " " << log.end_offset << "\n";
    for (const LogRecord& r : log.records) {
      out << "  " << r.offset << " seen " << r.seen_ns << " rec " << r.rec.bits << " hash " << r.content_hash << " id "
          << r.id_hash << " t " << r.timestamp_s << " processed " << r.processed_at_s << " crc " << r.crc32c << " "
          << AsInt(r.provider) << AsInt(r.status) << r.valid << r.sentinel << r.key_differs << " " << AsInt(r.reason)
          << "\n";
    }
  }
}

void ClientsText(const History& history, std::ostream& out) {
  for (const Client& c : history.clients) {
    out << "client " << c.name << " " << AsInt(c.filter.provider) << AsInt(c.filter.status) << AsInt(c.resume)
        << c.observed << c.marks_connections << c.embedded << " " << c.reconnect_delay_min_ns << " "
        << c.reconnect_delay_max_ns << " stays " << c.joined_ns << " " << c.left_ns << c.starts_late << " broken "
        << c.broken_lines << " program " << c.program << "\n";
    for (const std::string& text : c.broken_line_texts) out << "  broken: " << text << "\n";
    out << "  program " << c.program << " joined " << c.joined_ns << " left " << c.left_ns << c.starts_late << "\n";
    for (const std::string& server : c.servers) out << "  of " << server << "\n";
    for (const Connection& n : c.connections) {
      out << "  connection " << n.started_ns << " " << n.first_message_ns << " " << n.ended_ns << " " << n.code << " "
          << n.server << " " << n.server_id << " " << n.message << " " << n.resumed << n.has_start << n.live_only << " "
          << n.log_id << " called " << n.subscription << " number " << n.number << "\n";
      for (const auto& [what, positions] : {std::pair("start", &n.token), {"sent", &n.sent}}) {
        for (const TokenPart& t : *positions) {
          out << "    " << what << " " << t.partition << " " << t.after << " " << t.snapshot_until << "\n";
        }
      }
    }
    for (const FailedAttempt& a : c.attempts) {
      out << "  attempt " << a.time_ns << " " << a.code << " " << a.message << " " << a.tells_token << "\n";
      for (const TokenPart& t : a.sent) {
        out << "    sent " << t.partition << " " << t.after << " " << t.snapshot_until << "\n";
      }
    }
    for (const Delivery& d : c.deliveries) {
      out << "  " << d.partition << "@" << d.offset << " " << d.time_ns << " rec " << d.rec.bits << " hash "
          << d.content_hash << " id " << d.id_hash << " crc " << d.crc32c << " on " << d.connection << " "
          << AsInt(d.kind) << d.sentinel << d.amount_differs << d.time_is_replaced << " processed " << d.processed_at_s
          << "\n";
    }
    for (const Bookmark& b : c.bookmarks) {
      out << "  bookmark " << b.partition << "@" << b.offset << " " << b.time_ns << " after " << b.deliveries << " on "
          << b.connection << "\n";
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
        for (const TokenPart& t : *positions) {
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
        << " bad " << p.bad_end << "\n";
  }
  for (const ProbedServer& p : history.probed) out << "probed " << p.name << " at " << p.address << "\n";
  for (const UnaryRead& r : history.reads) {
    out << "read " << r.asked_ns << " " << r.answered_ns << " id " << r.id_hash << " hash " << r.content_hash << " of "
        << r.partition << "@" << r.offset << " of " << r.client << " at " << r.server << " " << int{r.code}
        << r.min_position << r.quiet << r.amount_differs << " processed " << r.processed_at_s << "\n";
  }
  for (const ListWalk& w : history.walks) {
    out << "walk " << w.begin_ns << " " << w.end_ns << " at " << w.server << " " << int{w.code} << w.quiet << w.whole
        << w.cut << " " << w.total_count;
    for (const ListedPayment& p : w.payments) {
      out << " " << p.id_hash << ":" << p.content_hash << ":" << p.processed_at_s << p.amount_differs;
    }
    out << "\n";
  }
  for (const Claim& c : history.claims) {
    out << "claim " << AsInt(c.subject) << AsInt(c.kind) << " " << c.index << " " << c.time_ns << " " << c.count << " "
        << c.what << "\n";
  }
  for (const KeptContent& c : history.contents) {
    out << "content " << c.content_hash << " " << c.partition << "@" << c.offset << " " << c.where << " " << c.value
        << " " << c.payment.id << " " << AsInt(c.payment.provider) << " " << c.payment.amount.units << "/"
        << c.payment.amount.exponent;
    for (const auto& [key, value] : c.payment.metadata) out << " " << key << "=" << value;
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

}  // namespace harness
