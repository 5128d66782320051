#include "harness/verify/hop.h"

#include <fmt/format.h>

#include <string>

#include "harness/verify/client_view.h"
#include "harness/verify/server_evidence.h"

namespace harness {
namespace {

using Reading = ServerEvidence::Reading;

struct Blame {
  Causes causes = kDeliveryHops;
  std::string why;
};

// Of a record that the bookmark covers and that had not come before it.
Blame BehindBookmark(const Evidence& evidence, const Client& client, const Bookmark& bookmark, int32_t partition,
                     int64_t offset) {
  const auto at = evidence.servers.Behind(client.connections[bookmark.connection]);
  if (!at || evidence.servers.IsCut(*at)) return {};
  const ServerEvidence::Written written = evidence.servers.WrittenTo(*at, partition, offset);
  const std::string where = fmt::format("subscription {}", evidence.servers.StreamOf(*at).number);
  const std::string& name = evidence.servers.ServerOf(*at).name;
  if (written.times > 0 && written.first_ns <= bookmark.time_ns) {
    return {kBehindServer, fmt::format("{} wrote it to {} {}, before the bookmark came", name, where,
                                       MomentText(evidence.history, written.first_ns))};
  }
  if (written.times > 0) {
    return {Cause::kServer, fmt::format("{} wrote it to {} {}, after the bookmark had come", name, where,
                                        MomentText(evidence.history, written.first_ns))};
  }
  if (!written.complete) return {};
  return {Cause::kServer, fmt::format("{} never wrote it to {}, whose bookmark covers it", name, where)};
}

class Hop {
 public:
  Hop(const Evidence& evidence, ServerEvidence::Stream at, const Client& client, size_t connection,
      const Violation& violation)
      : evidence_(evidence),
        client_(client),
        connection_(connection),
        at_(at),
        partition_(violation.partition),
        offset_(violation.offset),
        written_(evidence.servers.WrittenTo(at, violation.partition, violation.offset)),
        name_(evidence.servers.ServerOf(at).name),
        stream_(fmt::format("subscription {}", evidence.servers.StreamOf(at).number)) {}

  Blame Missing() const {
    if (const Bookmark* bookmark = CoveringBookmark(client_, partition_, offset_, connection_)) {
      return BehindBookmark(evidence_, client_, *bookmark, partition_, offset_);
    }
    const int64_t asked = StartOf(evidence_.servers.StreamOf(at_).sent, partition_).after;
    if (asked >= offset_) {
      return {Cause::kClient,
              fmt::format("the token that {} got for {} claimed it (offset {})", name_, stream_, asked)};
    }
    if (written_.late) return {Cause::kServer, fmt::format("{} wrote it to {} only after a later one", name_, stream_)};
    if (written_.times > 0) {
      return {kBehindServer, fmt::format("{} wrote it to {} {}, before all later ones", name_, stream_,
                                         MomentText(evidence_.history, written_.first_ns))};
    }
    return written_.complete ? Blame{Cause::kServer, NeverWrote()} : Blame{};
  }

  Blame Repeated() const {
    const int64_t after = StartOf(evidence_.servers.StreamOf(at_).token, partition_).after;
    if (written_.times > 1) return Often();
    if (written_.times == 1 && offset_ <= after) {
      return {Cause::kServer, fmt::format("{} wrote it to {}, which began after offset {}", name_, stream_, after)};
    }
    return OnceOrNever();
  }

  Blame Unwanted() const {
    if (written_.times == 0) return OnceOrNever();
    return {Cause::kServer, fmt::format("{} wrote it to {}", name_, stream_)};
  }

  Blame OutOfOrder() const {
    if (written_.late) return {Cause::kServer, fmt::format("{} wrote it to {} after a later one", name_, stream_)};
    return written_.times > 1 ? Often() : OnceOrNever();
  }

 private:
  Blame Often() const {
    return {Cause::kServer, fmt::format("{} wrote it to {} {} times", name_, stream_, written_.times)};
  }

  Blame OnceOrNever() const {
    if (written_.times == 1) {
      return {kBehindServer, fmt::format("{} wrote it to {} once and in order", name_, stream_)};
    }
    if (!written_.complete) return {};
    return {kBehindServer, fmt::format("{} never wrote it to {}", name_, stream_)};
  }

  std::string NeverWrote() const {
    const ServerEvidence::Read read = evidence_.servers.ReadBy(at_, partition_, offset_);
    switch (read.reading) {
      case Reading::kNever:
        return fmt::format("{} never read it", name_);
      case Reading::kRejected:
        return fmt::format("{} rejected it ({})", name_, pipeline::RejectReasonName(read.reason));
      case Reading::kAccepted:
        return fmt::format("{} read it and never wrote it to {}", name_, stream_);
      case Reading::kUnknown:
        break;
    }
    return fmt::format("{} never wrote it to {}", name_, stream_);
  }

  const Evidence& evidence_;
  const Client& client_;
  const size_t connection_;
  const ServerEvidence::Stream at_;
  const int32_t partition_;
  const int64_t offset_;
  const ServerEvidence::Written written_;
  const std::string& name_;
  const std::string stream_;
};

Blame BlameFor(const Hop& hop, HopFault fault) {
  switch (fault) {
    case HopFault::kMissing:
      return hop.Missing();
    case HopFault::kRepeated:
      return hop.Repeated();
    case HopFault::kUnwanted:
      return hop.Unwanted();
    case HopFault::kOutOfOrder:
      return hop.OutOfOrder();
  }
  return {};
}

void Accuse(const Blame& blame, Violation* violation) {
  if (blame.why.empty()) return;
  violation->causes = blame.causes;
  violation->sentence += "; " + blame.why;
}

}  // namespace

void BlameHop(const Evidence& evidence, const Client& client, size_t connection, HopFault fault, Violation* violation) {
  if (violation->causes != kDeliveryHops || violation->offset < 0) return;
  if (connection >= client.connections.size()) return;
  const auto at = evidence.servers.Behind(client.connections[connection]);
  if (!at || evidence.servers.IsCut(*at)) return;
  const Hop hop(evidence, *at, client, connection, *violation);
  Accuse(BlameFor(hop, fault), violation);
}

void BlameBookmark(const Evidence& evidence, const Client& client, const Bookmark& bookmark, Violation* violation) {
  Accuse(BehindBookmark(evidence, client, bookmark, violation->partition, violation->offset), violation);
}

const Bookmark* CoveringBookmark(const Client& client, int32_t partition, int64_t offset, size_t connection) {
  for (const Bookmark& bookmark : client.bookmarks) {
    if (bookmark.connection > connection) break;
    if (bookmark.partition == partition && bookmark.offset >= offset) return &bookmark;
  }
  return nullptr;
}

}  // namespace harness
