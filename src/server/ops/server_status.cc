#include "server/ops/server_status.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "common/clock.h"

namespace pipeline {

ServerStatus::ServerStatus(std::string brokers, std::string topic, int64_t unready_after_ns)
    : brokers_(std::move(brokers)), topic_(std::move(topic)), unready_after_ns_(unready_after_ns) {}

void ServerStatus::OnServing(std::function<void(bool)> on_serving) {
  const MutexLock lock(&mutex_);
  on_serving_ = std::move(on_serving);
  reported_ = Serving();
  if (on_serving_) on_serving_(reported_);
}

void ServerStatus::Report() {
  if (Serving() == reported_) return;
  reported_ = Serving();
  if (on_serving_) on_serving_(reported_);
}

void ServerStatus::TellReach(Reach before, const std::string& reason) {
  if (reach_ == before) return;
  if (reach_ == Reach::kUnreachable) {
    const std::optional<int64_t> untold = lost_lines_.Tell(MonotonicNs());
    told_lost_ = untold.has_value();
    if (!untold) return;
    const std::string more = *untold == 0 ? "" : " (" + std::to_string(*untold) + " times more since the last line)";
    spdlog::warn("[KAFKA] ❌ {}: {}; trying again until it answers{}",
                 before == Reach::kUnknown ? "no answer yet" : "connection lost", reason, more);
  } else if (before == Reach::kUnreachable && std::exchange(told_lost_, false)) {
    spdlog::info("[KAFKA] ✅ {} answers", brokers_);
  }
}

void ServerStatus::SetReachable(bool reachable, const std::string& reason) {
  const MutexLock lock(&mutex_);
  TellReach(std::exchange(reach_, reachable ? Reach::kReachable : Reach::kUnreachable), reason);
  UpdateAway();
}

void ServerStatus::SetTopicRefused(const std::string& reason) {
  const MutexLock lock(&mutex_);
  if (refused_ != reason) {
    if (!reason.empty()) spdlog::error("[KAFKA] ❌ {}; asking again", reason);
    if (reason.empty()) spdlog::info("[KAFKA] ✅ topic {} is described again", topic_);
  }
  refused_ = reason;
  UpdateAway();
}

void ServerStatus::UpdateAway() {
  const int64_t now_ns = MonotonicNs();
  if (reach_ == Reach::kReachable && refused_.empty()) {
    away_since_ns_ = -1;
  } else if (away_since_ns_ < 0) {
    away_since_ns_ = now_ns;
  }
  overdue_ = away_since_ns_ >= 0 && now_ns - away_since_ns_ >= unready_after_ns_;
  Report();
}

void ServerStatus::SetTopicPresent(bool present) {
  const MutexLock lock(&mutex_);
  if (topic_present_ != present) {
    if (present) spdlog::info("[KAFKA] topic {} is there now", topic_);
    if (!present) spdlog::warn("[KAFKA] topic {} does not exist; waiting for it", topic_);
  }
  topic_present_ = present;
  topic_seen_ = present;
  Report();
}

void ServerStatus::SetLoaded(bool loaded) {
  const MutexLock lock(&mutex_);
  loaded_ = loaded;
  Report();
}

void ServerStatus::SetComplete(bool complete, const std::string& more) {
  const MutexLock lock(&mutex_);
  if (complete_ && !complete) {
    spdlog::error(
        "[SERVER] ❌ topic {} has more {}: further ones are streamed but not kept; not "
        "serving: new streams, ListPayments, and GetPayment of what is not kept are refused, resumed streams go on",
        topic_, more);
  }
  complete_ = complete;
  Report();
}

void ServerStatus::SetStopping() {
  const MutexLock lock(&mutex_);
  stopping_ = true;
  Report();
}

ServerStatus::State ServerStatus::state() const {
  const MutexLock lock(&mutex_);
  return {reach_ == Reach::kReachable, topic_seen_, loaded_, complete_, Serving()};
}

bool ServerStatus::serving() const {
  const MutexLock lock(&mutex_);
  return Serving();
}

std::string ServerStatus::WhyNotLoaded() const {
  const MutexLock lock(&mutex_);
  if (loaded_) return "";
  if (reach_ != Reach::kReachable) return "Kafka at " + brokers_ + " has not answered yet";
  if (!refused_.empty()) return refused_;
  if (!topic_present_) return "Kafka topic " + topic_ + " does not exist yet";
  return "the payments of " + topic_ + " are still being loaded";
}

}  // namespace pipeline
