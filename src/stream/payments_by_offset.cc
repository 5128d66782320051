#include "stream/payments_by_offset.h"

#include <memory>

namespace pipeline {
namespace {

// A block of no more is joined to a neighbour when they fill half of one together.
constexpr size_t kSmall = PaymentsByOffset::kBlockMax / 4;

}  // namespace

size_t PaymentsByOffset::Block::Find(int64_t offset) const {
  const auto* const found = std::lower_bound(offsets.data() + begin, offsets.data() + end, offset);
  return static_cast<size_t>(found - offsets.data());
}

// The two ranges may overlap.
void PaymentsByOffset::Block::Move(size_t from_begin, size_t from_end, size_t to) {
  const auto move = [&](auto* entries) {
    if (to < from_begin) {
      std::copy(entries->begin() + from_begin, entries->begin() + from_end, entries->begin() + to);
    } else {
      std::copy_backward(entries->begin() + from_begin, entries->begin() + from_end,
                         entries->begin() + to + (from_end - from_begin));
    }
  };
  move(&offsets);
  move(&payments);
  move(&kinds);
}

void PaymentsByOffset::Block::Put(size_t at, int64_t offset, StoredPayment* payment, int kind) {
  const bool before_is_less = at - begin < end - at;
  if (begin > 0 && (before_is_less || end == kBlockMax)) {
    Move(begin, at, begin - 1);
    --begin;
    --at;
  } else {
    Move(at, end, at + 1);
    ++end;
  }
  offsets[at] = offset;
  payments[at] = payment;
  kinds[at] = static_cast<uint8_t>(kind);
}

void PaymentsByOffset::Block::Take(size_t at) {
  if (at - begin < end - 1 - at) {
    Move(begin, at, begin + 1);
    ++begin;
  } else {
    Move(at + 1, end, at);
    --end;
  }
}

size_t PaymentsByOffset::PartBehind(int64_t offset) const {
  const auto found = std::upper_bound(parts_.begin(), parts_.end(), offset,
                                      [](int64_t wanted, const Part& part) { return wanted < part.last; });
  return static_cast<size_t>(found - parts_.begin());
}

void PaymentsByOffset::Count(Part* part, int kind, int by) {
  uint16_t& count = part->block->counts[static_cast<size_t>(kind)];
  count = static_cast<uint16_t>(count + by);
  const uint32_t bit = uint32_t{1} << kind;
  part->kinds = count == 0 ? part->kinds & ~bit : part->kinds | bit;
}

void PaymentsByOffset::Insert(int64_t offset, StoredPayment* payment, int kind) {
  if (parts_.empty() || offset > parts_.back().last) {  // behind all that there are, as nearly all come
    if (parts_.empty() || parts_.back().block->end == kBlockMax) {
      parts_.push_back({offset, 0, std::make_unique<Block>()});
    }
    Part& last = parts_.back();
    last.last = offset;
    last.block->Put(last.block->end, offset, payment, kind);
    return Count(&last, kind, 1);
  }
  size_t number = PartBehind(offset - 1);
  if (parts_[number].block->size() == kBlockMax) {
    Split(number);
    if (offset > parts_[number].last) ++number;
  }
  Part& part = parts_[number];
  part.block->Put(part.block->Find(offset), offset, payment, kind);
  Count(&part, kind, 1);
}

void PaymentsByOffset::Erase(int64_t offset) {
  const size_t number = PartBehind(offset - 1);
  Part& part = parts_[number];
  const size_t at = part.block->Find(offset);
  Count(&part, part.block->kinds[at], -1);
  part.block->Take(at);
  const size_t left = part.block->size();
  if (left == 0) {
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(number));
  } else if (left <= kSmall) {
    Join(number);
  }
}

void PaymentsByOffset::SetKind(int64_t offset, int kind) {
  Part& part = parts_[PartBehind(offset - 1)];
  const size_t at = part.block->Find(offset);
  Count(&part, part.block->kinds[at], -1);
  part.block->kinds[at] = static_cast<uint8_t>(kind);
  Count(&part, kind, 1);
}

std::optional<PaymentsByOffset::Entry> PaymentsByOffset::First() const {
  if (parts_.empty()) return std::nullopt;
  const Block& block = *parts_.front().block;
  return Entry{block.offsets[block.begin], block.payments[block.begin]};
}

void PaymentsByOffset::Split(size_t number) {
  parts_.insert(parts_.begin() + static_cast<std::ptrdiff_t>(number) + 1,
                {parts_[number].last, 0, std::make_unique<Block>()});
  Part& lower = parts_[number];
  Part& upper = parts_[number + 1];
  Block& from = *lower.block;
  const size_t middle = from.begin + from.size() / 2;
  for (size_t i = middle; i < from.end; ++i) {
    upper.block->Put(upper.block->end, from.offsets[i], from.payments[i], from.kinds[i]);
    Count(&upper, from.kinds[i], 1);
    Count(&lower, from.kinds[i], -1);
  }
  from.end = middle;
  lower.last = from.offsets[middle - 1];
}

void PaymentsByOffset::Join(size_t number) {
  const auto fits = [this](size_t lower) {
    return lower + 1 < parts_.size() && parts_[lower].block->size() + parts_[lower + 1].block->size() <= kBlockMax / 2;
  };
  if (fits(number)) {
    Append(number + 1, number);
  } else if (number > 0 && fits(number - 1)) {
    Append(number, number - 1);
  }
}

// `from` is the part behind `to`, and is no more afterwards.
void PaymentsByOffset::Append(size_t from, size_t to) {
  Part& lower = parts_[to];
  const Block& upper = *parts_[from].block;
  for (size_t i = upper.begin; i < upper.end; ++i) {
    lower.block->Put(lower.block->end, upper.offsets[i], upper.payments[i], upper.kinds[i]);
    Count(&lower, upper.kinds[i], 1);
  }
  lower.last = parts_[from].last;
  parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(from));
}

}  // namespace pipeline
