#include "harness/verify/start_claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/verify/client_view.h"
#include "harness/verify/server_evidence.h"

namespace harness {
namespace {

std::string WrongWithoutToken(const Evidence& evidence, const ClientView& view, const Connection& connection,
                              int32_t partition) {
  const LifeStart declared = StartOf(connection, partition);
  const PartitionLog& log = evidence.history.partitions[static_cast<size_t>(partition)];
  if (declared.after >= std::max(log.start_offset, log.low_watermark) && !connection.live_only) {
    return fmt::format("it sent no token, and its stream began after offset {}", declared.after);
  }
  const int64_t end = view.EndAt(partition, declared.bound(), connection.started_ns);
  if (declared.bound() <= end) return "";
  return fmt::format("its stream began with what the topic held up to offset {}, and it held no more than {}",
                     declared.bound(), end < 0 ? "nothing" : fmt::format("offset {}", end));
}

std::string WrongWithToken(const LifeStart& sent, const LifeStart& declared) {
  if (declared.after != sent.after) {
    return fmt::format("it sent the token after offset {}, and its stream began after offset {}", sent.after,
                       declared.after);
  }
  if (declared.snapshot_until <= std::max(sent.snapshot_until, sent.after)) return "";
  return fmt::format("it sent the token after offset {}, and its stream began with a snapshot up to offset {}",
                     sent.after, declared.snapshot_until);
}

// What a client tells of the starts of its streams, of those with a token or of those without.
struct Starts {
  bool any_right = false;
  bool any_wrong = false;
};

Starts StartsOf(const Evidence& evidence, const ClientView& view, bool resumed) {
  Starts starts;
  const auto& connections = view.client().connections;
  for (size_t c = 0; c < connections.size(); ++c) {
    const Connection& connection = connections[c];
    if (!connection.has_start || connection.resumed != resumed || (resumed && connection.sent.empty())) continue;
    bool right = true;
    for (int32_t p = 0; p < evidence.log.partitions(); ++p) right = right && WrongStart(evidence, view, c, p).empty();
    (right ? starts.any_right : starts.any_wrong) = true;
  }
  return starts;
}

}  // namespace

std::string WrongStart(const Evidence& evidence, const ClientView& view, size_t connection, int32_t partition) {
  const Connection& stream = view.client().connections[connection];
  if (!stream.resumed) return WrongWithoutToken(evidence, view, stream, partition);
  if (stream.sent.empty()) return "";
  return WrongWithToken(StartOf(stream.sent, partition), StartOf(stream, partition));
}

Causes CausesOfStart(const Evidence& evidence, const ClientView& view, size_t connection, int32_t partition) {
  const Connection& told = view.client().connections[connection];
  if (const auto at = evidence.servers.Behind(told); at && !evidence.servers.IsCut(*at)) {
    const ServerStream& stream = evidence.servers.StreamOf(*at);
    const auto differ = [&](const std::vector<TokenPart>& a, const std::vector<TokenPart>& b) {
      return StartOf(a, partition).after != StartOf(b, partition).after;
    };
    const bool other_request = stream.resumed != told.resumed ||
                               (!told.sent.empty() && !stream.sent.empty() && differ(stream.sent, told.sent));
    return other_request || differ(stream.token, told.token) ? kBehindServer : Causes(Cause::kServer);
  }
  bool others_right = false;
  for (size_t i = 0; i < evidence.history.clients.size(); ++i) {
    const Client& client = evidence.history.clients[i];
    if (!client.observed || client.program.empty() || client.program == view.client().program) continue;
    const Starts starts = StartsOf(evidence, evidence.clients.view(i), told.resumed);
    if (starts.any_wrong) return Cause::kServer;
    others_right = others_right || starts.any_right;
  }
  return others_right ? kDeliveryHops : Causes(Cause::kServer);
}

}  // namespace harness
