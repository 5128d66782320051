#include "harness/verify/hop.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "harness/verify/client_view.h"
#include "harness/verify/server_evidence.h"
#include "harness/verify/start_claim.h"
#include "harness/verify/two_programs.h"

namespace harness {
namespace {

using Reading = ServerEvidence::Reading;

// What the journal of the server behind one connection says of one record.
class Journal {
 public:
  Journal(const Evidence& evidence, const ClientView& view, size_t connection, int32_t partition, int64_t offset)
      : evidence_(evidence), partition_(partition), offset_(offset) {
    if (connection >= view.client().connections.size() || offset < 0) return;
    const auto at = evidence.servers.Behind(view.client().connections[connection]);
    if (!at || evidence.servers.IsCut(*at)) return;
    at_ = *at;
    written_ = evidence.servers.WrittenTo(*at, partition, offset);
    // A client received on that stream what it says was never written: what it lacks says nothing.
    if (written_.complete && written_.times == 0 &&
        evidence.servers.IsContradicted(*at, evidence.log, view, connection)) {
      written_.complete = false;
    }
    name_ = &evidence.servers.ServerOf(*at).name;
    stream_ = fmt::format("subscription {}", evidence.servers.StreamOf(*at).number);
  }

  bool is_known() const { return at_.has_value(); }
  const ServerEvidence::Written& written() const { return written_; }
  const ServerStream& stream() const { return evidence_.servers.StreamOf(*at_); }
  const std::string& name() const { return *name_; }
  const std::string& stream_text() const { return stream_; }
  std::string WrittenText() const { return fmt::format("{} wrote it to {}", *name_, stream_); }
  std::string MomentOfFirst() const { return MomentText(evidence_.history, written_.first_ns); }
  Blame Often() const { return {Cause::kServer, fmt::format("{} {} times", WrittenText(), written_.times)}; }

  Blame NeverWrote() const {
    const ServerEvidence::Read read = evidence_.servers.ReadBy(*at_, partition_, offset_);
    switch (read.reading) {
      case Reading::kNever:
        return {Cause::kServer, *name_ + " never read it"};
      case Reading::kRejected:
        return {Cause::kServer, fmt::format("{} rejected it ({})", *name_, pipeline::RejectReasonName(read.reason))};
      case Reading::kAccepted:
        return {Cause::kServer, fmt::format("{} read it and never wrote it to {}", *name_, stream_)};
      case Reading::kUnknown:
        break;
    }
    return {Cause::kServer, fmt::format("{} never wrote it to {}", *name_, stream_)};
  }

 private:
  const Evidence& evidence_;
  const int32_t partition_;
  const int64_t offset_;
  std::optional<ServerEvidence::Stream> at_;
  ServerEvidence::Written written_;
  const std::string* name_ = nullptr;
  std::string stream_;
};

Blame Passed(const Journal& journal, int32_t partition, int64_t offset) {
  if (!journal.is_known()) return {};
  if (const int64_t came = StartOf(journal.stream().sent, partition).after; came >= offset) {
    return {kBehindServer, fmt::format("the token that {} got for {} claimed it (offset {}), of which the client's log "
                                       "says nothing",
                                       journal.name(), journal.stream_text(), came)};
  }
  const ServerEvidence::Written& written = journal.written();
  if (written.late) return {Cause::kServer, journal.WrittenText() + " only after a later one"};
  if (written.times > 0) {
    return {kBehindServer, fmt::format("{} {}, before all later ones", journal.WrittenText(), journal.MomentOfFirst())};
  }
  return written.complete ? journal.NeverWrote() : Blame{};
}

Blame InOrderOrNot(const Journal& journal) {
  if (!journal.is_known() || journal.written().times == 0) return {};
  if (journal.written().late) return {Cause::kServer, journal.WrittenText() + " after a later one"};
  if (journal.written().times > 1) return journal.Often();
  return {kBehindServer, journal.WrittenText() + " once and in order"};
}

Blame BehindBookmark(const Evidence& evidence, const ClientView& view, int32_t partition, int64_t offset,
                     const Bookmark& bookmark) {
  const Journal journal(evidence, view, bookmark.connection, partition, offset);
  if (!journal.is_known()) return {};
  const ServerEvidence::Written& written = journal.written();
  if (written.times > 0 && written.first_ns <= bookmark.time_ns) {
    return {kBehindServer,
            fmt::format("{} {}, before the bookmark came", journal.WrittenText(), journal.MomentOfFirst())};
  }
  if (written.times > 0) {
    return {Cause::kServer,
            fmt::format("{} {}, after the bookmark had come", journal.WrittenText(), journal.MomentOfFirst())};
  }
  if (!written.complete) return {};
  return {Cause::kServer,
          fmt::format("{} never wrote it to {}, whose bookmark covers it", journal.name(), journal.stream_text())};
}

// `blame`, unless different programs show the same: theirs weighs more than what a server says of itself.
template <typename Seen>
Blame Shared(Blame blame, const char* what, Seen&& seen) {
  const bool open = blame.causes == kDeliveryHops || blame.causes == kBehindServer;
  if (!open || !seen()) return blame;
  blame.causes = Cause::kServer;
  blame.why += (blame.why.empty() ? "" : "; ") + std::string(what);
  return blame;
}

// The first thing that went wrong with a record that a client is owed and has not got. What happens in a client's log
// is ordered by the number of deliveries before it.
class MissingStory {
 public:
  MissingStory(const Evidence& evidence, const ClientView& view, LogPlace place)
      : evidence_(evidence),
        view_(view),
        client_(view.client()),
        place_(place),
        partition_(evidence.log.partition(place)),
        offset_(evidence.log.record(place).offset) {}

  Blame Tell() {
    Find();
    Blame blame = Trimmed();
    if (blame.why.empty()) blame = First();
    blame.passed = passed_ < kNever || claim_.at < kNever || bookmark_ != nullptr || dropped_ < kNever;
    return Shared(std::move(blame), "clients of different programs all lack it",
                  [&] { return AllMiss(evidence_, place_); });
  }

 private:
  static constexpr size_t kNever = SIZE_MAX;

  // A stream that began beyond the record, or anew with a snapshot that does not bring it any more.
  struct Claim {
    size_t at = kNever;
    size_t connection = 0;
  };

  void Find() {
    const auto& deliveries = client_.deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const LogPlace other = view_.place(i);
      if (other == kNoPlace || evidence_.log.partition(other) != partition_) continue;
      if (other == place_ && dropped_ == kNever) dropped_ = i;
      if (other > place_ && passed_ == kNever && Owes(deliveries[i].connection)) passed_ = i;
    }
    for (size_t c = 0; c < client_.connections.size() && claim_.at == kNever; ++c) {
      const Connection& connection = client_.connections[c];
      if (!connection.has_start) continue;
      const LifeStart declared = StartOf(connection, partition_);
      // What its snapshot covers by right it has to bring.
      const bool anew = !connection.resumed && IsInALife(c) && view_.Begin(c, partition_).bound() >= offset_;
      const bool beyond = connection.resumed
                              ? std::max(declared.after, StartOf(connection.sent, partition_).after) >= offset_
                              : declared.bound() >= offset_ && view_.Begin(c, partition_).bound() < offset_;
      if (anew || beyond) claim_ = {FirstDeliveryOf(c), c};
    }
    for (const Bookmark& bookmark : client_.bookmarks) {
      if (bookmark.partition != partition_ || bookmark.offset < offset_) continue;
      bookmark_ = &bookmark;
      break;
    }
  }

  size_t FirstDeliveryOf(size_t connection) const {
    const auto& deliveries = client_.deliveries;
    return static_cast<size_t>(
        std::partition_point(deliveries.begin(), deliveries.end(),
                             [&](const Delivery& delivery) { return delivery.connection < connection; }) -
        deliveries.begin());
  }

  // Not with the connection that begins it.
  bool IsInALife(size_t connection) const {
    if (view_.per_connection()) return false;
    const auto& lives = view_.lives();
    return std::any_of(lives.begin(), lives.end(),
                       [&](const auto& life) { return life.begin < connection && connection < life.end; });
  }

  bool Owes(size_t connection) const {
    if (connection >= client_.connections.size()) return false;
    return !client_.connections[connection].has_start || view_.Begin(connection, partition_).after < offset_;
  }

  Blame Trimmed() const {
    const PartitionLog& log = evidence_.history.partitions[static_cast<size_t>(partition_)];
    if (offset_ >= log.low_watermark) return {};
    LogPlace next = place_ + 1;
    while (next < evidence_.log.end(partition_) && !view_.received(next)) ++next;
    const bool came = next < evidence_.log.end(partition_) && evidence_.log.record(next).offset < log.low_watermark;
    if (came) return {};
    return {Cause::kRetention, fmt::format("the topic was trimmed up to offset {}", log.low_watermark)};
  }

  Blame First() const {
    const size_t told = bookmark_ == nullptr ? kNever : static_cast<size_t>(bookmark_->deliveries);
    const bool before_told =
        claim_.at < told || (claim_.at == told && bookmark_ != nullptr && claim_.connection <= bookmark_->connection);
    if (claim_.at < kNever && before_told && claim_.at <= std::min(passed_, dropped_)) return Claimed();
    if (told < kNever && told <= std::min(passed_, dropped_)) return Bookmarked();
    if (dropped_ < passed_) return Dropped();
    if (passed_ < kNever) {
      const size_t connection = client_.deliveries[passed_].connection;
      if (dropped_ < kNever && client_.deliveries[dropped_].connection == connection) return DroppedLate(connection);
      return Passed(Journal(evidence_, view_, connection, partition_, offset_), partition_, offset_);
    }
    // Its last stream owed it, and never came so far.
    const size_t last = client_.connections.size() - 1;
    if (client_.connections.empty() || !Owes(last)) return {};
    return Passed(Journal(evidence_, view_, last, partition_, offset_), partition_, offset_);
  }

  Blame Claimed() const {
    const Connection& connection = client_.connections[claim_.connection];
    const Journal journal(evidence_, view_, claim_.connection, partition_, offset_);
    const LifeStart start = StartOf(connection, partition_);
    const int64_t declared = connection.resumed ? start.after : start.bound();
    if (!connection.resumed && view_.Begin(claim_.connection, partition_).bound() >= offset_) return BegunAnew();
    if (!connection.resumed) {
      return {CausesOfStart(evidence_, view_, claim_.connection, partition_),
              fmt::format("connection {} was begun without a token, and its server began after offset {}",
                          claim_.connection + 1, declared)};
    }
    const bool told = !connection.sent.empty();
    const bool seen = journal.is_known() && !journal.stream().sent.empty();
    if (!told && !seen) {
      return {kDeliveryHops, fmt::format("connection {} resumed after offset {}", claim_.connection + 1, declared)};
    }
    const int64_t asked = StartOf(told ? connection.sent : journal.stream().sent, partition_).after;
    const int64_t came = seen ? StartOf(journal.stream().sent, partition_).after : asked;
    if (came >= offset_ && asked < offset_) {
      return {kBehindServer,
              fmt::format("the token that {} got for {} claimed it (offset {}), and its own log says that "
                          "it sent offset {}",
                          journal.name(), journal.stream_text(), came, asked)};
    }
    if (asked >= offset_) {
      const std::string where =
          seen ? fmt::format("the token that {} got for {} claimed it (offset {})", journal.name(),
                             journal.stream_text(), came)
               : fmt::format("on connection {} it asked to resume after offset {}", claim_.connection + 1, asked);
      return {Cause::kClient, where};
    }
    return {CausesOfStart(evidence_, view_, claim_.connection, partition_),
            fmt::format("connection {} resumed after offset {}, and was asked to after offset {}",
                        claim_.connection + 1, declared, asked)};
  }

  Blame BegunAnew() const {
    for (const Refusal& refusal : view_.refusals()) {
      if (refusal.before != claim_.connection || refusal.truth != Truth::kFalse) continue;
      return {
          CausesOfRefusal(refusal),
          fmt::format("its token was refused, falsely, so that it began connection {} anew", claim_.connection + 1)};
    }
    return {Cause::kClient, fmt::format("it had a token, and began connection {} anew", claim_.connection + 1)};
  }

  Blame Bookmarked() const {
    Blame blame = BehindBookmark(evidence_, view_, partition_, offset_, *bookmark_);
    const std::string told = fmt::format("a bookmark at offset {} had told it {} that it has all up to there",
                                         bookmark_->offset, MomentText(evidence_.history, bookmark_->time_ns));
    blame.why = blame.why.empty() ? told : told + "; " + blame.why;
    return blame;
  }

  Blame Dropped() const { return {Cause::kClient, fmt::format("received {} and dropped", DroppedText())}; }

  Blame DroppedLate(size_t connection) const {
    Blame blame = InOrderOrNot(Journal(evidence_, view_, connection, partition_, offset_));
    const std::string how =
        fmt::format("received {} and dropped, because a later one had come before it", DroppedText());
    blame.why = blame.why.empty() ? how : how + "; " + blame.why;
    return blame;
  }

  std::string DroppedText() const { return MomentText(evidence_.history, client_.deliveries[dropped_].time_ns); }

  const Evidence& evidence_;
  const ClientView& view_;
  const Client& client_;
  const LogPlace place_;
  const int32_t partition_;
  const int64_t offset_;
  size_t passed_ = kNever;   // delivery: a later one came on a stream that owed it
  size_t dropped_ = kNever;  // delivery: it came, and was dropped
  Claim claim_;
  const Bookmark* bookmark_ = nullptr;
};

// Of what a client handed on, or received, on an earlier stream and got again on `connection`.
Blame RepeatedAcross(const Evidence& evidence, const ClientView& view, const Journal& journal, size_t connection,
                     int32_t partition, int64_t offset, bool handed_on) {
  const Client& client = view.client();
  const Connection& stream = client.connections[connection];
  if (stream.has_start && !stream.resumed) {
    if (!handed_on || view.per_connection()) return {};
    return {Cause::kClient, fmt::format("it had a token, and began connection {} without one", connection + 1)};
  }
  const bool seen = journal.is_known() && !journal.stream().sent.empty();
  if (!stream.resumed || (stream.sent.empty() && !seen)) return {};
  const int64_t asked = StartOf(stream.sent.empty() ? journal.stream().sent : stream.sent, partition).after;
  if (asked >= offset) {
    const int64_t declared = StartOf(stream, partition).after;
    if (!stream.has_start || declared >= offset) return {};
    return {CausesOfStart(evidence, view, connection, partition),
            fmt::format("connection {} was asked to resume after offset {}, and began after offset {}", connection + 1,
                        asked, declared)};
  }
  if (!handed_on) return {};
  return {Cause::kClient,
          fmt::format("on connection {} it asked again for what is behind offset {}", connection + 1, asked)};
}

constexpr char kBehindToo[] = "a client of another program got it behind a later one too";

}  // namespace

Blame BlameMissing(const Evidence& evidence, const ClientView& view, LogPlace place) {
  return MissingStory(evidence, view, place).Tell();
}

Blame BlamePassedOver(const Evidence& evidence, const ClientView& view, LogPlace place, size_t connection) {
  if (!view.received(place)) return BlameMissing(evidence, view, place);
  const int32_t partition = evidence.log.partition(place);
  const int64_t offset = evidence.log.record(place).offset;
  return Shared(Passed(Journal(evidence, view, connection, partition, offset), partition, offset), kBehindToo,
                [&] { return BehindElsewhere(evidence, view, place); });
}

Blame BlameBookmark(const Evidence& evidence, const ClientView& view, LogPlace place, const Bookmark& bookmark) {
  if (!view.received(place)) return BlameMissing(evidence, view, place);
  return BehindBookmark(evidence, view, evidence.log.partition(place), evidence.log.record(place).offset, bookmark);
}

Blame BlameRepeated(const Evidence& evidence, const ClientView& view, size_t delivery, size_t before) {
  const Client& client = view.client();
  const Delivery& again = client.deliveries[delivery];
  const Violation at = AtDelivery(evidence, view, delivery);
  const Journal journal(evidence, view, again.connection, at.partition, at.offset);
  const bool same = client.deliveries[before].connection == again.connection;
  constexpr char kTwiceToo[] = "a client of another program got it twice too";
  const auto twice = [&] { return TwiceElsewhere(evidence, view, delivery); };
  if (journal.is_known()) {
    if (journal.written().times > 1) return journal.Often();
    const int64_t after = StartOf(journal.stream().token, at.partition).after;
    if (journal.written().times == 1 && at.offset <= after) {
      return {Cause::kServer, fmt::format("{}, which began after offset {}", journal.WrittenText(), after)};
    }
    if (same && delivery != before && journal.written().times == 1) {
      return Shared({kBehindServer, journal.WrittenText() + " once and in order"}, kTwiceToo, twice);
    }
  }
  if (same) return Shared({}, kTwiceToo, twice);
  if (again.connection >= client.connections.size()) return {};
  const bool handed_on = again.kind != DeliveryKind::kDropped;
  return Shared(RepeatedAcross(evidence, view, journal, again.connection, at.partition, at.offset, handed_on),
                "its stream was to begin behind it, and so it was for a client of another program",
                [&] { return BeforeStartElsewhere(evidence, view, delivery); });
}

Blame BlameOutOfOrder(const Evidence& evidence, const ClientView& view, size_t delivery, size_t later) {
  const Client& client = view.client();
  const LogPlace place = view.place(delivery);
  // What is missing for good has a story already.
  if (place != kNoPlace && !view.received(place)) return BlameMissing(evidence, view, place);
  const uint32_t connection = client.deliveries[delivery].connection;
  if (const uint32_t earlier = client.deliveries[later].connection; connection != earlier) {
    const bool owed = place != kNoPlace && earlier < client.connections.size() &&
                      view.Begin(earlier, evidence.log.partition(place)).bound() < evidence.log.record(place).offset;
    return owed ? BlamePassedOver(evidence, view, place, earlier) : Blame{};
  }
  const Violation at = AtDelivery(evidence, view, delivery);
  return Shared(InOrderOrNot(Journal(evidence, view, connection, at.partition, at.offset)), kBehindToo,
                [&] { return place != kNoPlace && BehindElsewhere(evidence, view, place); });
}

Blame BlameUnwanted(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Violation at = AtDelivery(evidence, view, delivery);
  const Journal journal(evidence, view, view.client().deliveries[delivery].connection, at.partition, at.offset);
  Blame blame;
  if (journal.is_known() && journal.written().times > 0) return {Cause::kServer, journal.WrittenText()};
  if (journal.is_known() && journal.written().complete) {
    blame = {kBehindServer, fmt::format("{} never wrote it to {}", journal.name(), journal.stream_text())};
  }
  return Shared(std::move(blame), "a client of another program got it too",
                [&] { return UnwantedElsewhere(evidence, view, delivery); });
}

void Accuse(const Blame& blame, Violation* violation) {
  violation->causes = blame.causes;
  if (!blame.why.empty()) violation->sentence += "; " + blame.why;
}

}  // namespace harness
