#include "server/stream/log_proof.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "stream/same_log.h"

namespace pipeline {
namespace {

constexpr std::chrono::milliseconds kLook(50);

// A question that its asker may leave: the evidence reader answers when it comes to it.
struct Asked {
  Mutex mutex;
  CondVar changed;
  bool left ABSL_GUARDED_BY(mutex) = false;
  bool failed ABSL_GUARDED_BY(mutex) = false;
  std::optional<KafkaEvidence> evidence ABSL_GUARDED_BY(mutex);
};

EvidenceReader::Question QuestionOf(const std::vector<NewestRecord>& newest, const std::shared_ptr<Asked>& asked) {
  EvidenceReader::Question question;
  question.records.reserve(newest.size());
  for (const NewestRecord& record : newest) question.records.push_back(record.position);
  question.abandoned = [asked] {
    const MutexLock lock(&asked->mutex);
    return asked->left;
  };
  question.on_evidence = [asked](KafkaEvidence evidence) {
    const MutexLock lock(&asked->mutex);
    asked->evidence = std::move(evidence);
    asked->changed.NotifyAll();
  };
  question.on_failed = [asked](const std::string&) {
    const MutexLock lock(&asked->mutex);
    asked->failed = true;
    asked->changed.NotifyAll();
  };
  return question;
}

std::optional<KafkaEvidence> Await(Asked* asked, const std::function<bool()>& abandoned) {
  const MutexLock lock(&asked->mutex);
  const auto told = [asked]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(asked->mutex) {
    return asked->failed || asked->evidence.has_value();
  };
  while (!asked->changed.WaitFor(&asked->mutex, kLook, told)) {
    if (!abandoned()) continue;
    asked->left = true;
    return std::nullopt;
  }
  return std::move(asked->evidence);
}

}  // namespace

LogProof::Answer LogProof::Ask(const std::function<bool()>& abandoned) const {
  uint64_t generation = 0;
  std::vector<NewestRecord> newest;
  {
    const Replica::Access access = replica_->Lock();
    generation = access.state().generation();
    newest = NewestRecords(access.state());
  }
  const auto asked = std::make_shared<Asked>();
  evidence_->Ask(QuestionOf(newest, asked));
  const std::optional<KafkaEvidence> evidence = Await(asked.get(), abandoned);
  if (!evidence) return Answer::kUnknown;
  if (evidence->generation == generation && IsSameLog(newest, *evidence)) return Answer::kSame;
  on_another_("a stream that is caught up finds another record where one was read");
  return Answer::kAnother;
}

}  // namespace pipeline
