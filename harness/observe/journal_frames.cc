#include "harness/observe/journal_frames.h"

#include <vector>

#include "harness/observe/bytes.h"
#include "harness/observe/journal_token.h"

namespace harness {
namespace {

// Up to four truths in a byte.
uint8_t Bits(bool bit0, bool bit1 = false, bool bit2 = false, bool bit3 = false) {
  return static_cast<uint8_t>((bit0 ? 1 : 0) | (bit1 ? 2 : 0) | (bit2 ? 4 : 0) | (bit3 ? 8 : 0));
}

uint32_t U32(size_t value) { return static_cast<uint32_t>(value); }

}  // namespace

void EncodeRun(std::string_view run_id, std::string* out) { ByteWriter(out).PutText(run_id); }

void EncodeProducer(size_t index, const Producer& producer, std::string* out) {
  ByteWriter(out).Put(static_cast<uint16_t>(index)).PutText(producer.name).Put(producer.has_acks);
}

void EncodeClient(size_t index, const Client& client, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(index)).PutText(client.name);
  writer.Put(client.filter.provider).Put(client.filter.status).Put(client.resume);
  writer.Put(Bits(client.observed, client.marks_connections, client.embedded));
  writer.Put(client.reconnect_delay_min_ns).Put(client.reconnect_delay_max_ns);
  writer.Put(U32(client.servers.size()));
  for (const std::string& server : client.servers) writer.PutText(server);
  writer.PutText(client.program);
}

void EncodePhase(size_t index, const Phase& phase, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint8_t>(index)).PutText(phase.name).Put(phase.begin_ns).Put(phase.end_ns);
  writer.Put(Bits(phase.measured, phase.offers_load)).Put(phase.planned);
}

void EncodePartitions(std::span<const int64_t> start_offsets, bool audited, std::string* out) {
  ByteWriter writer(out);
  writer.Put(audited).Put(U32(start_offsets.size()));
  for (const int64_t offset : start_offsets) writer.Put(offset);
}

void EncodeSends(size_t producer, std::span<const SendSeen> sends, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(producer)).Put(U32(sends.size()));
  for (const SendSeen& seen : sends) {
    const Send& send = seen.send;
    writer.Put(seen.sequence).Put(send.planned_ns).Put(send.sent_ns).Put(send.content_hash).Put(seen.id_hash);
    writer.Put(send.partition).Put(Bits(send.sentinel, send.measured, seen.find_phase, send.time_is_replaced));
    writer.Put(send.phase);
  }
}

void EncodeOutcomes(size_t producer, std::span<const OutcomeSeen> outcomes, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(producer)).Put(U32(outcomes.size()));
  for (const OutcomeSeen& seen : outcomes) {
    writer.Put(seen.sequence).Put(seen.acked_ns).Put(seen.offset).Put(seen.partition).Put(seen.outcome);
    writer.Put(Bits(seen.time_is_replaced));
  }
}

void EncodeProducerEnded(size_t producer, std::string* out) { ByteWriter(out).Put(static_cast<uint16_t>(producer)); }

void EncodeLog(std::span<const LogSeen> records, std::string* out) {
  ByteWriter writer(out);
  writer.Put(U32(records.size()));
  for (const LogSeen& seen : records) {
    const LogRecord& record = seen.record;
    writer.Put(seen.partition).Put(record.seen_ns).Put(record.offset).Put(record.rec.bits).Put(record.content_hash);
    writer.Put(record.id_hash).Put(record.timestamp_s).Put(record.processed_at_s).Put(record.crc32c);
    writer.Put(record.provider).Put(record.status).Put(record.reason);
    writer.Put(Bits(record.valid, record.sentinel, record.key_differs));
  }
}

void EncodeWatermarks(int32_t partition, int64_t low, int64_t high, std::string* out) {
  ByteWriter(out).Put(partition).Put(low).Put(high);
}

void EncodeConnection(size_t client, const Connection& connection, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(client)).Put(connection.started_ns).Put(connection.first_message_ns);
  writer.Put(connection.ended_ns).Put(static_cast<int32_t>(connection.code));
  writer.PutText(connection.server).PutText(connection.server_id).PutText(connection.message);
  writer.Put(Bits(connection.resumed, connection.has_start, connection.live_only)).PutText(connection.log_id);
  PutToken(connection.token, &writer);
  PutToken(connection.sent, &writer);
  writer.PutText(connection.subscription).Put(connection.number);
}

void EncodeDeliveries(size_t client, std::span<const Delivery> deliveries, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(client)).Put(U32(deliveries.size()));
  for (const Delivery& delivery : deliveries) {
    writer.Put(delivery.time_ns).Put(delivery.offset).Put(delivery.rec.bits).Put(delivery.content_hash);
    writer.Put(delivery.id_hash).Put(delivery.processed_at_s).Put(delivery.crc32c).Put(delivery.partition);
    writer.Put(delivery.kind).Put(Bits(delivery.sentinel, delivery.amount_differs, delivery.time_is_replaced));
    writer.Put(delivery.connection);
  }
}

void EncodeBookmarks(size_t client, std::span<const Bookmark> bookmarks, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(client)).Put(U32(bookmarks.size()));
  for (const Bookmark& bookmark : bookmarks) {
    writer.Put(bookmark.time_ns).Put(bookmark.offset).Put(bookmark.partition).Put(bookmark.connection);
  }
}

void EncodeFailedAttempt(size_t client, const FailedAttempt& attempt, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(client)).Put(attempt.time_ns).Put(static_cast<int32_t>(attempt.code));
  writer.PutText(attempt.message).Put(Bits(attempt.tells_token));
  PutToken(attempt.sent, &writer);
}

void EncodeConnectionEnd(size_t client, const FailedAttempt& end, uint32_t number, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(client)).Put(end.time_ns).Put(static_cast<int32_t>(end.code));
  writer.PutText(end.message).Put(number);
}

void EncodeBrokenLines(size_t client, int64_t count, std::string* out) {
  ByteWriter(out).Put(static_cast<uint16_t>(client)).Put(count);
}

void EncodeBrokenLineText(size_t client, std::string_view sentence, std::string* out) {
  ByteWriter(out).Put(static_cast<uint16_t>(client)).PutText(sentence);
}

void EncodeNames(std::span<const NameSeen> names, std::string* out) {
  ByteWriter writer(out);
  writer.Put(U32(names.size()));
  for (const NameSeen& name : names) writer.Put(name.id_hash).PutText(name.id.substr(0, kNameBytesMax));
}

void EncodeFault(size_t index, const FaultEvent& fault, std::string* out) {
  ByteWriter writer(out);
  writer.Put(U32(index)).PutText(fault.name).PutText(fault.type).PutText(fault.target);
  writer.Put(fault.planned_ns).Put(fault.struck_ns).Put(fault.healed_ns).Put(fault.effective).PutText(fault.evidence);
}

void EncodeProcess(size_t index, const ProcessSpan& process, std::string* out) {
  ByteWriter writer(out);
  writer.Put(U32(index)).PutText(process.name).Put(process.pid).Put(process.started_ns).Put(process.ready_ns);
  writer.Put(process.ended_ns).Put(Bits(process.ended_by_fault, process.ended_by_harness)).PutText(process.how);
  writer.Put(process.rss_ready_bytes).Put(process.rss_bytes_max).PutText(process.bad_end);
}

void EncodeClientStay(size_t client, const ClientStay& stay, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint16_t>(client)).Put(stay.joined_ns).Put(stay.left_ns).Put(stay.starts_late);
}

void EncodeHarnessError(std::string_view sentence, std::string* out) { ByteWriter(out).PutText(sentence); }

void EncodeProbedServer(size_t index, const ProbedServer& server, std::string* out) {
  ByteWriter(out).Put(static_cast<uint16_t>(index)).PutText(server.name).PutText(server.address);
}

void EncodeUnaryRead(const UnaryRead& read, std::string* out) {
  ByteWriter writer(out);
  writer.Put(read.asked_ns).Put(read.answered_ns).Put(read.id_hash).Put(read.content_hash).Put(read.offset);
  writer.Put(read.processed_at_s).Put(read.partition).Put(read.client).Put(read.server).Put(read.code);
  writer.Put(Bits(read.min_position, read.quiet, read.amount_differs));
}

void EncodeListWalk(const ListWalk& walk, std::string* out) {
  ByteWriter writer(out);
  writer.Put(walk.begin_ns)
      .Put(walk.end_ns)
      .Put(walk.server)
      .Put(walk.code)
      .Put(Bits(walk.quiet, walk.whole, walk.cut));
  writer.Put(walk.total_count).Put(U32(walk.payments.size()));
  for (const ListedPayment& payment : walk.payments) {
    writer.Put(payment.id_hash).Put(payment.content_hash).Put(payment.processed_at_s);
    writer.Put(Bits(payment.amount_differs));
  }
}

void EncodeDeadLetters(std::span<const DeadLetterSeen> letters, bool whole, std::string* out) {
  ByteWriter writer(out);
  writer.Put(Bits(whole)).Put(U32(letters.size()));
  for (const DeadLetterSeen& seen : letters) {
    writer.Put(seen.offset).Put(seen.letter_offset).Put(seen.partition).Put(seen.letter_partition);
    writer.Put(seen.record_crc32c);
  }
}

void EncodeClaim(const Claim& claim, std::string* out) {
  ByteWriter(out).Put(claim.subject).Put(claim.kind).Put(claim.index).Put(claim.time_ns).PutText(claim.what);
}

void EncodeContent(const KeptContent& content, std::string* out) {
  ByteWriter writer(out);
  const pipeline::Payment& payment = content.payment;
  writer.Put(content.content_hash).Put(content.partition).Put(content.offset).PutText(content.where);
  writer.PutText(content.value).PutText(payment.id).Put(payment.provider).Put(payment.status);
  writer.Put(payment.amount.units).Put(payment.amount.exponent).PutText(payment.currency);
  writer.PutText(payment.customer_email).Put(payment.created_at_s).Put(U32(payment.metadata.size()));
  for (const auto& [key, value] : payment.metadata) writer.PutText(key).PutText(value);
}

void EncodeClosing(const History& history, std::string* out) {
  ByteWriter writer(out);
  writer.Put(history.load_begin_ns).Put(history.load_end_ns).Put(history.drain_end_ns).Put(history.log_bytes);
  writer.Put(Bits(history.audited, history.drained, history.interrupted));
  writer.Put(U32(history.harness_errors.size()));
  for (const std::string& error : history.harness_errors) writer.PutText(error);
}

}  // namespace harness
