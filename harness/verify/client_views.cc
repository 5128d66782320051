#include "harness/verify/client_views.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "harness/verify/checker.h"

namespace harness {
namespace {

// Made by the first who asks; who asks meanwhile waits.
template <typename T>
class Once {
 public:
  template <typename Make>
  const T& Get(Make&& make) {
    std::call_once(made_, [&] { value_.emplace(make()); });
    return *value_;
  }

 private:
  std::once_flag made_;
  std::optional<T> value_;
};

}  // namespace

struct ClientViews::OfClient {
  Once<ClientView> view;
  Once<StreamScan> streams;
  Once<SequenceScan> sequence;
  Once<std::vector<LogPlace>> missing;
};

ClientViews::ClientViews(const History& history, const LogIndex& log)
    : history_(history), log_(log), clients_(std::make_unique<OfClient[]>(history.clients.size())) {}

ClientViews::~ClientViews() = default;

void ClientViews::Prepare(size_t client) const {
  const Client& plan = history_.clients[client];
  if (!plan.observed) return;
  view(client);
  if (!plan.marks_connections) return;
  sequence(client);
  if (history_.audited) streams(client);
}

const ClientView& ClientViews::view(size_t client) const {
  return clients_[client].view.Get([&] { return ClientView(history_, log_, client); });
}

const StreamScan& ClientViews::streams(size_t client) const {
  return clients_[client].streams.Get([&] { return ScanStreams(log_, view(client)); });
}

const SequenceScan& ClientViews::sequence(size_t client) const {
  return clients_[client].sequence.Get([&] { return ScanSequence(log_, view(client)); });
}

const std::vector<LogPlace>& ClientViews::missing(size_t client) const {
  const ClientView& of = view(client);
  return clients_[client].missing.Get([&] {
    std::vector<LogPlace> places;
    of.ForEachMissing(history_.interrupted ? of.frontiers() : AuditedLasts(history_, log_),
                      [&](LogPlace place) { places.push_back(place); });
    std::sort(places.begin(), places.end());
    return places;
  });
}

}  // namespace harness
