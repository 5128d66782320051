#include "stream/shared_bytes.h"

#include <atomic>
#include <new>

namespace pipeline {
namespace {

// The bytes follow it.
struct Header {
  std::atomic<uint32_t> references;
  uint32_t size_bytes;
};

}  // namespace

std::pair<SharedBytes, char*> SharedBytes::ToFill(size_t size_bytes) {
  SharedBytes bytes;
  bytes.block_ = ::operator new(sizeof(Header) + size_bytes);
  new (bytes.block_) Header{{1}, static_cast<uint32_t>(size_bytes)};
  char* const data = static_cast<char*>(bytes.block_) + sizeof(Header);
  return {std::move(bytes), data};
}

SharedBytes SharedBytes::ShareUnseen() const {
  SharedBytes other;
  other.block_ = block_;
  if (block_ != nullptr) {
    std::atomic<uint32_t>& references = static_cast<Header*>(block_)->references;
    references.store(references.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  return other;
}

std::string_view SharedBytes::view() const {
  if (block_ == nullptr) return {};
  return {static_cast<const char*>(block_) + sizeof(Header), static_cast<const Header*>(block_)->size_bytes};
}

int64_t SharedBytes::allocated_bytes() const {
  return block_ == nullptr ? 0 : static_cast<int64_t>(sizeof(Header)) + size();
}

void SharedBytes::Ref(void* block) {
  if (block != nullptr) static_cast<Header*>(block)->references.fetch_add(1, std::memory_order_relaxed);
}

void SharedBytes::Unref(void* block) {
  if (block == nullptr) return;
  auto* header = static_cast<Header*>(block);
  // The only handle: nobody else can make it two.
  const bool last = header->references.load(std::memory_order_acquire) == 1 ||
                    header->references.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (!last) return;
  header->~Header();
  ::operator delete(block);
}

}  // namespace pipeline
