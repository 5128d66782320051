#include "harness/verify/bookmark.h"

#include <fmt/format.h>

#include <functional>
#include <vector>

#include "harness/verify/hop.h"
#include "harness/verify/stream_scan.h"

namespace harness {
namespace {

// Goes through one client's deliveries and bookmarks in the order in which they came.
class BookmarkScan {
 public:
  using OnPassedOver = std::function<void(LogPlace, const Bookmark&)>;

  BookmarkScan(const LogIndex& log, const ClientView& view, OnPassedOver on_passed_over)
      : log_(log),
        view_(view),
        on_passed_over_(std::move(on_passed_over)),
        received_on_(log.size()),
        next_(static_cast<size_t>(log.partitions())) {}

  // How many bookmarks could be judged.
  int64_t Scan() {
    int64_t judged = 0;
    const Client& client = view_.client();
    for (const Bookmark& bookmark : client.bookmarks) {
      if (bookmark.connection >= client.connections.size() || bookmark.partition < 0 ||
          bookmark.partition >= log_.partitions()) {
        continue;
      }
      Receive(bookmark.deliveries);
      Begin(bookmark.connection);
      Judge(bookmark);
      ++judged;
    }
    return judged;
  }

 private:
  // Up to so many deliveries of the client.
  void Receive(uint64_t deliveries) {
    const auto& all = view_.client().deliveries;
    for (; received_ < deliveries && received_ < all.size(); ++received_) {
      const LogPlace place = view_.place(received_);
      if (place != kNoPlace) received_on_[place] = all[received_].connection + 1;
    }
  }

  // From the first bookmark of a connection on: what its stream owes begins where it says.
  void Begin(uint32_t connection) {
    if (connection + 1 == scanned_) return;
    scanned_ = connection + 1;
    for (int32_t p = 0; p < log_.partitions(); ++p) {
      next_[static_cast<size_t>(p)] = log_.LowerBound(p, view_.Begin(connection, p).bound() + 1);
    }
  }

  void Judge(const Bookmark& bookmark) {
    LogPlace& next = next_[static_cast<size_t>(bookmark.partition)];
    const LogPlace end = log_.LowerBound(bookmark.partition, bookmark.offset + 1);
    for (; next < end; ++next) {
      const LogRecord& record = log_.record(next);
      if (!record.valid || !view_.client().filter.Matches(record.provider, record.status)) continue;
      if (received_on_[next] != bookmark.connection + 1) on_passed_over_(next, bookmark);
    }
  }

  const LogIndex& log_;
  const ClientView& view_;
  const OnPassedOver on_passed_over_;
  std::vector<uint32_t> received_on_;  // by place: the last connection that brought it, from 1
  std::vector<LogPlace> next_;         // by partition: not judged on this connection yet
  uint64_t received_ = 0;
  uint32_t scanned_ = 0;  // the connection at hand, from 1
};

Violation PassedOverBy(const Evidence& evidence, const ClientView& view, LogPlace place, const Bookmark& bookmark) {
  Violation violation = AtPlace(evidence, place);
  violation.client = view.client().name;
  violation.time_ns = bookmark.time_ns;
  violation.sentence =
      fmt::format("client {} got a bookmark at offset {} of partition {} {} on connection {}, before {}",
                  view.client().name, bookmark.offset, bookmark.partition,
                  MomentText(evidence.history, bookmark.time_ns), bookmark.connection + 1, PlaceText(evidence, place));
  Accuse(BlameBookmark(evidence, view, place, bookmark), &violation);
  return violation;
}

}  // namespace

CheckResult CheckBookmark(const Evidence& evidence) {
  Findings findings("BOOKMARK");
  if (!evidence.history.audited) return findings.NotApplicable("the topic was not audited");
  const bool any = ForEachMarkedClient(evidence.history, &findings, [&](size_t i) {
    const ClientView& view = evidence.clients.view(i);
    if (view.client().bookmarks.empty()) return;
    BookmarkScan scan(evidence.log, view, [&](LogPlace place, const Bookmark& bookmark) {
      findings.Add(evidence.damage.client_is_whole(i), [&] { return PassedOverBy(evidence, view, place, bookmark); });
    });
    findings.Judged(scan.Scan());
  });
  if (!any) return findings.NotApplicable(kNoMarkedClient);
  CheckResult result = findings.Finish();
  if (result.judged == 0 && result.state == CheckState::kNotApplicable) result.reason = "no client got a bookmark";
  return result;
}

}  // namespace harness
