// What clients told: the half of HistoryBuilder that joins connections, deliveries and bookmarks.
#include <algorithm>
#include <utility>

#include "harness/observe/history_builder.h"

namespace harness {

bool HistoryBuilder::OnConnection(size_t client, const Connection& connection) {
  if (client >= history_.clients.size()) return false;
  Client& into = history_.clients[client];
  if (into.connections.size() >= kConnectionsMax) {
    Complain("connections " + into.name, "client " + into.name + " connected more than " +
                                             std::to_string(kConnectionsMax) + " times; the rest was not recorded");
    return true;
  }
  into.marks_connections = true;
  into.connections.push_back(connection);
  Connection& added = into.connections.back();
  added.server = CutText(std::move(added.server));
  added.server_id = CutText(std::move(added.server_id));
  added.message = CutText(std::move(added.message));
  added.log_id = CutText(std::move(added.log_id));
  added.subscription = CutText(std::move(added.subscription));
  if (added.number != 0) {
    clients_[client].connections[added.number] = static_cast<uint32_t>(into.connections.size() - 1);
  }
  counts_.clients[client].connections += 1;
  counts_.clients[client].connected = added.ended_ns == 0;
  return true;
}

uint32_t HistoryBuilder::ConnectionOf(size_t client, uint32_t number) const {
  const auto newest = static_cast<uint32_t>(history_.clients[client].connections.size() - 1);
  if (number == 0) return newest;
  const auto found = clients_[client].connections.find(number);
  return found == clients_[client].connections.end() ? newest : found->second;
}

bool HistoryBuilder::IsDistinct(size_t client, const Delivery& delivery) {
  uint32_t space = 0;
  uint64_t number = 0;
  if (delivery.offset >= 0 && delivery.partition >= 0) {
    space = static_cast<uint32_t>(delivery.partition);
    number = static_cast<uint64_t>(delivery.offset);
  } else if (delivery.rec.has_value()) {
    space = 0x8000'0000U | delivery.rec.producer();
    number = delivery.rec.sequence();
  } else {
    return true;  // nothing tells it from another
  }
  const DistinctSet::Result result = clients_[client].seen.Insert(space, number);
  if (result == DistinctSet::Result::kFull) {
    const std::string& name = history_.clients[client].name;
    Complain("spread " + name,
             "client " + name + " told of offsets too far apart to count; `delivered` lacks some of its records");
  }
  return result == DistinctSet::Result::kNew;
}

bool HistoryBuilder::OnDeliveries(size_t client, std::span<const Delivery> deliveries) {
  if (client >= history_.clients.size()) return false;
  if (deliveries.empty() || !HasRoomFor(deliveries.size())) return true;
  Client& into = history_.clients[client];
  if (into.connections.empty()) {
    // A program that does not mark its connections, until it does: all that it says is one.
    Connection first;
    first.started_ns = deliveries.front().time_ns;
    first.number = deliveries.front().connection;
    OnConnection(client, first);
    into.marks_connections = false;
  }
  ClientCounts& counts = counts_.clients[client];
  for (const Delivery& delivery : deliveries) {
    const uint32_t index = ConnectionOf(client, delivery.connection);
    Connection& connection = into.connections[index];
    if (connection.first_message_ns == 0) connection.first_message_ns = delivery.time_ns;
    into.deliveries.push_back(delivery);
    into.deliveries.back().connection = index;
    if (delivery.kind == DeliveryKind::kDropped) {
      counts.dropped += 1;
    } else if (!delivery.sentinel && IsDistinct(client, delivery)) {
      counts.delivered += 1;
    }
  }
  counts.last_delivery_ns = std::max(counts.last_delivery_ns, deliveries.back().time_ns);
  return true;
}

bool HistoryBuilder::OnBookmarks(size_t client, std::span<const Bookmark> bookmarks) {
  if (client >= history_.clients.size()) return false;
  Client& into = history_.clients[client];
  if (into.connections.empty()) return false;  // nobody can have sent them
  if (!HasRoomFor(bookmarks.size())) return true;
  for (const Bookmark& bookmark : bookmarks) {
    into.bookmarks.push_back(bookmark);
    into.bookmarks.back().connection = ConnectionOf(client, bookmark.connection);
    into.bookmarks.back().deliveries = into.deliveries.size();
  }
  return true;
}

bool HistoryBuilder::OnConnectionEnd(size_t client, const FailedAttempt& end, uint32_t number) {
  if (client >= history_.clients.size()) return false;
  Client& into = history_.clients[client];
  const bool none = into.connections.empty() || into.connections[ConnectionOf(client, number)].ended_ns != 0;
  if (none) {
    counts_.clients[client].connected = !into.connections.empty() && into.connections.back().ended_ns == 0;
    return OnFailedAttempt(client, end);  // no stream was open that could end
  }
  Connection& connection = into.connections[ConnectionOf(client, number)];
  connection.ended_ns = std::max<int64_t>(end.time_ns, 1);
  connection.code = end.code;
  connection.message = CutText(end.message);
  counts_.clients[client].connected = into.connections.back().ended_ns == 0;
  return true;
}

bool HistoryBuilder::OnClientStay(size_t client, const ClientStay& stay) {
  if (client >= history_.clients.size()) return false;
  Client& into = history_.clients[client];
  into.joined_ns = stay.joined_ns;
  into.left_ns = stay.left_ns;
  into.starts_late = stay.starts_late;
  counts_.clients[client].awaited = stay.starts_late && stay.joined_ns == 0;
  counts_.clients[client].left = stay.left_ns != 0;
  return true;
}

bool HistoryBuilder::OnFailedAttempt(size_t client, const FailedAttempt& attempt) {
  if (client >= history_.clients.size()) return false;
  Client& into = history_.clients[client];
  if (into.attempts.size() >= kConnectionsMax) {
    Complain("attempts " + into.name, "client " + into.name + " failed to connect more than " +
                                          std::to_string(kConnectionsMax) + " times; the rest was not recorded");
    return true;
  }
  into.attempts.push_back(attempt);
  into.attempts.back().message = CutText(attempt.message);
  return true;
}

bool HistoryBuilder::OnBrokenLines(size_t client, int64_t count) {
  if (client >= history_.clients.size()) return false;
  history_.clients[client].broken_lines += count;
  return true;
}

bool HistoryBuilder::OnBrokenLineText(size_t client, std::string_view sentence) {
  if (client >= history_.clients.size()) return false;
  history_.clients[client].broken_lines += 1;
  std::vector<std::string>& texts = history_.clients[client].broken_line_texts;
  if (texts.size() < kBrokenLineTextsMax) texts.push_back(CutText(std::string(sentence)));
  return true;
}

}  // namespace harness
