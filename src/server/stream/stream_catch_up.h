// One stream as the catch-up pool sees it: takes what a reader has read for it, and tells the reader when to go. Made
// by a StreamCall each time that its next record has left the window; used by one catch-up thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "payment/payment.h"
#include "server/stream/catch_up_pool.h"
#include "server/stream/stream_call.h"

namespace pipeline {

class StreamCatchUp : public CaughtUpStream {
 public:
  StreamCatchUp(const StreamServices& services, std::shared_ptr<StreamCall> call, const Filter& filter)
      : services_(services), call_(std::move(call)), filter_(filter) {}

  const Filter& catch_up_filter() const override { return filter_; }
  std::vector<int64_t> catch_up_from() const override;
  bool compacted() const override { return services_.replica->Lock().state().store().compacted(); }
  bool Send(std::vector<StreamEvent> events, const std::vector<int64_t>& covered) override;
  void Leave(const std::vector<int64_t>& covered) override;
  Join TryJoin(const std::vector<int64_t>& covered) override;
  void OnCatchUpRefused(Refusal refusal) override;
  void OnCatchUpFailed(const std::string& reason) override;
  bool ended() const override { return call_->ended(); }

 private:
  const StreamServices& services_;
  const std::shared_ptr<StreamCall> call_;
  const Filter filter_;
};

}  // namespace pipeline
