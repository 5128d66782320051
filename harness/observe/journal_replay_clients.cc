// How the journal's reader gives what clients told to the HistoryBuilder.
#include <string>
#include <string_view>
#include <vector>

#include "harness/observe/journal_bytes.h"
#include "harness/observe/journal_replay.h"
#include "harness/observe/journal_token.h"

namespace harness {
namespace {

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

bool ReplayBrokenLines(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  const auto count = in->Get<int64_t>();
  return in->at_end() && builder->OnBrokenLines(client, count);
}

bool ReplayBrokenLineText(ByteReader* in, HistoryBuilder* builder) {
  const auto client = in->Get<uint16_t>();
  const std::string_view sentence = in->GetText();
  return in->at_end() && builder->OnBrokenLineText(client, sentence);
}

}  // namespace

bool ReplayClientFrame(FrameType type, ByteReader* in, HistoryBuilder* builder) {
  switch (type) {
    case FrameType::kClient:
      return ReplayClient(in, builder);
    case FrameType::kClientStay:
      return ReplayClientStay(in, builder);
    case FrameType::kConnection:
      return ReplayConnection(in, builder);
    case FrameType::kConnectionEnd:
      return ReplayConnectionEnd(in, builder);
    case FrameType::kFailedAttempt:
      return ReplayFailedAttempt(in, builder);
    case FrameType::kDeliveries:
      return ReplayDeliveries(in, builder);
    case FrameType::kBookmarks:
      return ReplayBookmarks(in, builder);
    case FrameType::kBrokenLines:
      return ReplayBrokenLines(in, builder);
    case FrameType::kBrokenLineText:
      return ReplayBrokenLineText(in, builder);
    default:
      return false;
  }
}

}  // namespace harness
