#include "server/kafka/topic_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "server/kafka/topic_config.h"

namespace pipeline {
namespace {

constexpr int kQueryMs = 1000;     // also what a stop may have to wait for while Kafka does not answer
constexpr int kLookMs = 1000;      // between two looks at the leaders, which ask nobody
constexpr int kLookAgainMs = 250;  // while not all is well
constexpr char kRefreshProperty[] = "topic.metadata.refresh.interval.ms";

// The host is not known of a leader that has gone.
std::string LeaderText(const TopicFacts& facts, int32_t leader) {
  const auto host = facts.hosts.find(leader);
  return host == facts.hosts.end() ? "broker " + std::to_string(leader) : host->second;
}

}  // namespace

TopicWatch::TopicWatch(const KafkaSettings& settings, BrokerContact* contact, ServerStatus* status)
    : settings_(settings), contact_(contact), status_(status) {
  KafkaPtr<rd_kafka_conf_t> conf = MakeConsumerConf(settings_, {{kRefreshProperty, std::to_string(kWatchMs)}});
  const int refresh_ms = std::atoi(ConfValue(conf.get(), kRefreshProperty).c_str());
  if (refresh_ms > 0) watch_ms_ = refresh_ms;
  rd_kafka_conf_set(conf.get(), kRefreshProperty, "-1", nullptr, 0);  // it asks when it is told to
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char* text, void* opaque) {
    auto* watch = static_cast<TopicWatch*>(opaque);
    const MutexLock lock(&watch->mutex_);
    watch->error_ = BrokerErrorText(text);
  });
  handle_ = MakeKafka(RD_KAFKA_CONSUMER, std::move(conf));
}

TopicFacts TopicWatch::Ask() {
  bool known = false;
  {
    const MutexLock lock(&mutex_);
    known = watched_.has_value();
  }
  try {
    TopicFacts facts = AskTopic(handle_.get(), settings_.topic, known, kQueryMs);
    const MutexLock lock(&mutex_);
    error_.clear();
    return facts;
  } catch (const TopicRefused&) {
    throw;
  } catch (const std::runtime_error& error) {
    rd_kafka_poll(handle_.get(), 0);  // hears why
    const MutexLock lock(&mutex_);
    if (error_.empty()) throw;
    throw std::runtime_error(error_);
  }
}

std::optional<bool> TopicWatch::Compacted(const TopicFacts& facts) {
  return AskCompacted(handle_.get(), settings_.topic, facts, kQueryMs);
}

std::string TopicWatch::ClusterId() {
  char* id = rd_kafka_clusterid(handle_.get(), kQueryMs);
  const std::string text = id == nullptr ? "" : id;
  if (id != nullptr) rd_kafka_mem_free(handle_.get(), id);
  return text;
}

void TopicWatch::Watch(const TopicFacts& facts, const std::string& cluster_id) {
  const MutexLock lock(&mutex_);
  watched_ = Watched{facts, cluster_id, MonotonicNs(), facts.partitions, {}, false};
  change_ = Change::kNone;
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void TopicWatch::Pause() {
  const MutexLock lock(&mutex_);
  watched_.reset();
}

void TopicWatch::Wake() {
  const MutexLock lock(&mutex_);
  look_now_ = true;
  changed_.NotifyAll();
}

void TopicWatch::Stop() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

TopicWatch::Change TopicWatch::TakeChange(int32_t* partitions) {
  const MutexLock lock(&mutex_);
  if (watched_) *partitions = watched_->facts.partitions;
  return std::exchange(change_, Change::kNone);
}

void TopicWatch::SetRead(int32_t partitions) {
  const MutexLock lock(&mutex_);
  if (watched_) watched_->read = partitions;
}

std::vector<TopicWatch::Reach> TopicWatch::Reaches(int32_t count) const {
  std::vector<Reach> reaches(static_cast<size_t>(count));
  const int64_t now_ns = MonotonicNs();
  const MutexLock lock(&mutex_);
  if (!watched_) return reaches;
  const std::vector<int32_t>& leaders = watched_->facts.leaders;
  for (size_t p = 0; p < reaches.size() && p < leaders.size(); ++p) {
    reaches[p].answered_ns = contact_->broker(leaders[p]).answered_ns;
    reaches[p].known =
        reaches[p].answered_ns >= 0 && contact_->SilentSince(leaders[p], watched_->begun_ns, now_ns) == 0;
  }
  return reaches;
}

void TopicWatch::Run() {
  bool well = true;
  int64_t asked_ns = MonotonicNs();
  int64_t losses = contact_->losses();
  for (;;) {
    {
      const MutexLock lock(&mutex_);
      changed_.WaitFor(&mutex_, std::chrono::milliseconds(well ? kLookMs : kLookAgainMs),
                       [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || look_now_; });
      if (stopping_) return;
      look_now_ = false;
    }
    const int64_t now_ns = MonotonicNs();
    const bool doubtful = !well || contact_->losses() != losses;
    const bool ask = now_ns - asked_ns >= (doubtful ? kUnwellMs : watch_ms_) * int64_t{1'000'000};
    if (ask) {
      asked_ns = now_ns;
      losses = contact_->losses();
    }
    well = Look(ask);
  }
}

bool TopicWatch::Look(bool ask) {
  std::string trouble;
  std::optional<TopicFacts> facts;
  if (ask) {
    try {
      facts = Ask();
      status_->SetTopicRefused("");
    } catch (const TopicRefused& error) {
      status_->SetTopicRefused(error.what());
      return false;
    } catch (const std::runtime_error& error) {
      trouble = error.what();
    }
  }
  const std::string cluster_id = facts ? ClusterId() : "";
  MutexLock lock(&mutex_);
  if (!watched_) return true;
  const bool there = facts ? TakeFacts(*std::move(facts), cluster_id) : !watched_->gone;
  const bool gone = watched_->gone;
  const std::string silent = gone ? "" : Silent(*watched_);
  lock.Unlock();
  status_->SetTopicPresent(!gone);
  // Leaders that answer fetches are proof enough, whoever else does not.
  if (!silent.empty()) {
    status_->SetReachable(false, silent);
  } else if (!gone || trouble.empty()) {
    status_->SetReachable(true);
  } else {
    status_->SetReachable(false, trouble);
  }
  return silent.empty() && there && trouble.empty();
}

bool TopicWatch::TakeFacts(TopicFacts facts, const std::string& cluster_id) {
  using Finding = TopicPresence::Finding;
  if (!cluster_id.empty() && cluster_id != watched_->cluster_id) {
    if (change_ != Change::kAnotherLog) {
      spdlog::error("[KAFKA] the cluster is another one now ({}, it was {}); loading its log", cluster_id,
                    watched_->cluster_id);
    }
    change_ = Change::kAnotherLog;
    return true;
  }
  const Finding finding = watched_->presence.OnAnswer(facts.partitions, watched_->read, MonotonicNs());
  watched_->gone = finding == Finding::kGone && facts.partitions == 0;
  if (finding == Finding::kUnsure) return false;
  if (finding == Finding::kGone) {
    if (facts.partitions > 0 && change_ != Change::kAnotherLog) {
      spdlog::error("[KAFKA] topic {} has {} partitions and had {}: it is another one; loading its log",
                    settings_.topic, facts.partitions, watched_->read);
      change_ = Change::kAnotherLog;
    }
    return false;
  }
  const auto& leaders = facts.leaders;
  contact_->SetLeaderless(std::any_of(leaders.begin(), leaders.end(), [](int32_t leader) { return leader < 0; }));
  if (finding == Finding::kBack) contact_->Lose("the topic was missing for a time");
  if (facts.partitions > watched_->read) change_ = Change::kPartitions;
  watched_->facts = std::move(facts);
  return true;
}

std::string TopicWatch::Silent(const Watched& watched) const {
  std::map<int32_t, std::string> silent;  // partitions by leader
  const int64_t now_ns = MonotonicNs();
  const auto count = std::min<size_t>(static_cast<size_t>(watched.read), watched.facts.leaders.size());
  for (size_t p = 0; p < count; ++p) {
    const int32_t leader = watched.facts.leaders[p];
    if (leader >= 0 && contact_->SilentSince(leader, watched.begun_ns, now_ns) == 0) continue;
    std::string& partitions = silent[leader];
    partitions += (partitions.empty() ? "" : ", ") + std::to_string(p);
  }
  std::string text;
  for (const auto& [leader, partitions] : silent) {
    const std::string error = contact_->broker(leader).error;
    text += text.empty() ? "" : "; ";
    text += leader < 0 ? "no leader" : LeaderText(watched.facts, leader) + " does not answer";
    text += " (partitions " + partitions + ")" + (error.empty() ? "" : ": " + error);
  }
  return text;
}

}  // namespace pipeline
