// Immutable bytes with a reference count, in one allocation: what the store, the window and every subscriber share.
// Filled by the thread that makes it, then read from any thread; the count is atomic.
//
// gRPC's Slice is that too, and each message is one that shares these bytes (server/stream/stream_queue). It is not
// used here: this folder includes no gRPC, and a Slice takes 32 bytes where this handle takes 8, twice for each record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pipeline {

class SharedBytes {
 public:
  SharedBytes() = default;
  ~SharedBytes() { Unref(block_); }
  SharedBytes(const SharedBytes& other) : block_(other.block_) { Ref(block_); }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }

  std::string_view view() const;
  int64_t size() const { return static_cast<int64_t>(view().size()); }

  // Bytes of `size_bytes`, at most 4 GiB, and where to write them before any other handle is made.
  static std::pair<SharedBytes, char*> ToFill(size_t size_bytes);
  // Another handle of them, made by the thread that made them while it has shown them to no other: spares a new record
  // the atomic instruction, which waits for all that was written before it.
  SharedBytes ShareUnseen() const;

  // What one of these costs in memory beside the handle.
  int64_t allocated_bytes() const;

  // Gives this handle's reference to a C callback; Unref() of the result ends it.
  void* Detach() { return std::exchange(block_, nullptr); }
  static void Unref(void* block);

 private:
  static void Ref(void* block);

  void* block_ = nullptr;
};

}  // namespace pipeline
