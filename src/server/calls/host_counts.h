// How many of something each host has: what the limits of one host go by. Kept by the hub for calls and by the
// connection table for connections, each under its own guard. Pure; not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace pipeline {

class HostCounts {
 public:
  using Place = std::map<std::string, int64_t>::iterator;

  int64_t of(const std::string& host) const {
    const auto found = counts_.find(host);
    return found == counts_.end() ? 0 : found->second;
  }
  // One more. Its place, for Remove().
  Place Add(const std::string& host) {
    const Place place = counts_.emplace(host, 0).first;
    ++place->second;
    return place;
  }
  void Remove(Place place) {
    if (--place->second == 0) counts_.erase(place);
  }
  // Of the host that has the most; 0: there is none.
  int64_t most() const {
    int64_t most = 0;
    for (const auto& [host, count] : counts_) most = std::max(most, count);
    return most;
  }

 private:
  std::map<std::string, int64_t> counts_;  // no host stays without one
};

}  // namespace pipeline
