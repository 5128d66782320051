// Names of payments, kept together until they are told to the Recorder: one call, and no allocation a name. Owned by
// one observer's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/observe/recorder.h"

namespace harness {

class NameBatch {
 public:
  void Add(uint64_t id_hash, std::string_view id) {
    entries_.push_back({id_hash, text_.size(), id.size()});
    text_ += id;
  }
  void TellTo(Recorder* recorder) {
    names_.clear();
    for (const Entry& entry : entries_) {
      names_.push_back({entry.id_hash, {text_.data() + entry.begin, entry.size}});
    }
    if (!names_.empty()) recorder->OnNames(names_);
    entries_.clear();
    text_.clear();
  }

 private:
  struct Entry {
    uint64_t id_hash = 0;
    size_t begin = 0;
    size_t size = 0;
  };
  std::vector<Entry> entries_;
  std::string text_;
  std::vector<NameSeen> names_;
};

}  // namespace harness
