#include "server/kafka/broker_contact.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "common/clock.h"

namespace pipeline {
namespace {

// Of Kafka's protocol.
constexpr int16_t kFetch = 1;
constexpr int16_t kMetadata = 3;
constexpr int16_t kApiVersions = 18;  // the first that is asked on a connection

constexpr char kName[] = "broker_contact";
constexpr char kMetadataReason[] = "a leader may have changed";

rd_kafka_resp_err_t Sent(rd_kafka_t* /*handle*/, int /*socket*/, const char* /*name*/, int32_t broker, int16_t api_key,
                         int16_t /*version*/, int32_t /*correlation*/, size_t /*size*/, void* opaque) {
  static_cast<BrokerContact*>(opaque)->OnSent(broker, api_key, MonotonicNs());
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t Answered(rd_kafka_t* /*handle*/, int /*socket*/, const char* /*name*/, int32_t broker,
                             int16_t api_key, int16_t /*version*/, int32_t /*correlation*/, size_t /*size*/,
                             int64_t round_trip_us, rd_kafka_resp_err_t error, void* opaque) {
  static_cast<BrokerContact*>(opaque)->OnAnswer(broker, api_key, round_trip_us, error, MonotonicNs());
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnNew(rd_kafka_t* handle, const rd_kafka_conf_t* /*conf*/, void* opaque, char* /*error*/,
                          size_t /*error_size*/) {
  const rd_kafka_resp_err_t error = rd_kafka_interceptor_add_on_request_sent(handle, kName, Sent, opaque);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  return rd_kafka_interceptor_add_on_response_received(handle, kName, Answered, opaque);
}

}  // namespace

void BrokerContact::Attach(rd_kafka_conf_t* conf) { rd_kafka_conf_interceptor_add_on_new(conf, kName, OnNew, this); }

void BrokerContact::OnSent(int32_t broker, int16_t api_key, int64_t now_ns) {
  if (api_key == kFetch) {
    const MutexLock lock(&mutex_);
    brokers_[broker].asked_ns = now_ns;
  } else if (api_key == kMetadata) {
    OnMetadata(now_ns);
  }
}

void BrokerContact::OnAnswer(int32_t broker, int16_t api_key, int64_t round_trip_us, rd_kafka_resp_err_t error,
                             int64_t now_ns) {
  if (error == RD_KAFKA_RESP_ERR__DESTROY) return;  // the client ends
  if (api_key == kFetch) {
    const MutexLock lock(&mutex_);
    Broker& at = brokers_[broker];
    at.asked_ns = -1;
    at.failed = error != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!at.failed) {
      at.answered_ns = now_ns;
      if (!at.error.empty()) at.error.clear();
    }
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    Lose(std::string("a request failed: ") + rd_kafka_err2str(error));
  } else if (api_key == kFetch && round_trip_us * 1000 > fetch_ns_max_) {
    Lose("an answer took " + std::to_string(round_trip_us / 1000) + " ms");
  } else if (api_key == kApiVersions) {
    Lose("a connection was made anew");
  } else if (api_key == kMetadata) {
    OnMetadata(now_ns);
  }
}

void BrokerContact::OnMetadata(int64_t now_ns) {
  const MutexLock lock(&mutex_);
  if (leaderless_ && now_ns - metadata_ns_ < kLeaderlessCheckNs) {
    waits_.store(true, std::memory_order_release);
    return;
  }
  metadata_ns_ = now_ns;
  LoseLocked(kMetadataReason);
}

void BrokerContact::SetLeaderless(bool leaderless) {
  const MutexLock lock(&mutex_);
  leaderless_ = leaderless;
}

void BrokerContact::Look(int64_t now_ns) {
  if (!waits_.load(std::memory_order_acquire)) return;
  const MutexLock lock(&mutex_);
  if (leaderless_ && now_ns - metadata_ns_ < kLeaderlessCheckNs) return;
  metadata_ns_ = now_ns;
  LoseLocked(kMetadataReason);
}

void BrokerContact::OnError(const std::string& text) {
  const size_t slash = text.find('/');
  const size_t colon = text.find(": ");
  if (slash == std::string::npos || colon == std::string::npos || slash > colon) return;
  int32_t id = -1;
  const auto parsed = std::from_chars(text.data() + slash + 1, text.data() + colon, id);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + colon) return;  // an address that has no id yet
  const MutexLock lock(&mutex_);
  brokers_[id].error = text.substr(colon + 2);
}

void BrokerContact::Lose(const std::string& reason) {
  const MutexLock lock(&mutex_);
  LoseLocked(reason);
}

void BrokerContact::LoseLocked(const std::string& reason) {
  if (reason_.empty()) reason_ = reason;
  losses_.fetch_add(1, std::memory_order_relaxed);
  lost_.store(true, std::memory_order_release);
}

std::string BrokerContact::Take() {
  const MutexLock lock(&mutex_);
  lost_.store(false, std::memory_order_release);
  waits_.store(false, std::memory_order_release);  // it is looked into with the rest
  return std::exchange(reason_, {});
}

BrokerContact::Broker BrokerContact::broker(int32_t id) const {
  const MutexLock lock(&mutex_);
  const auto found = brokers_.find(id);
  return found == brokers_.end() ? Broker{} : found->second;
}

int64_t BrokerContact::SilentSince(int32_t id, int64_t begun_ns, int64_t now_ns) const {
  const Broker at = broker(id);
  const int64_t heard_ns = std::max(at.answered_ns, begun_ns);
  if (at.failed || !at.error.empty()) return heard_ns;
  if (at.asked_ns >= 0) return now_ns - at.asked_ns > fetch_ns_max_ ? std::max(heard_ns, at.asked_ns) : 0;
  const bool never = at.answered_ns < begun_ns;
  return never && now_ns - begun_ns > fetch_ns_max_ ? begun_ns : 0;
}

}  // namespace pipeline
