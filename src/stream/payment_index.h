// Payments by id: where each is, in many small hash tables, so that the growth of one holds nobody up for long. Owned
// by the payment store. Pure; not thread-safe.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace pipeline {

struct StoredPayment;

class PaymentIndex {
 public:
  void Clear();
  // Null: there is none.
  StoredPayment* Find(std::string_view id) const;
  void Erase(std::string_view id);
  // The one with this id, or what make() returns, which has the id and is kept at its address. `added`: it was made.
  template <typename Make>
  StoredPayment* FindOrAdd(std::string_view id, bool* added, const Make& make) {
    const Probe probe(id);
    *added = false;
    const auto slot = TableOf(probe.hash).lazy_emplace(probe, [&](const auto& construct) {
      *added = true;
      construct(Slot{probe.hash, make()});
    });
    return slot->payment;
  }

 private:
  // A slot holds its id's hash, so that a search which finds nothing and a table's growth touch no payment's memory.
  struct Slot {
    size_t hash = 0;
    StoredPayment* payment = nullptr;
  };
  struct Probe {
    explicit Probe(std::string_view wanted);
    size_t hash;
    std::string_view id;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Slot& slot) const { return slot.hash; }
    size_t operator()(const Probe& probe) const { return probe.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Slot& a, const Slot& b) const { return a.payment == b.payment; }
    bool operator()(const Slot& slot, const Probe& probe) const { return slot.hash == probe.hash && Has(slot, probe); }
    bool operator()(const Probe& probe, const Slot& slot) const { return (*this)(slot, probe); }
  };
  static bool Has(const Slot& slot, const Probe& probe);

  using Table = absl::flat_hash_set<Slot, Hash, Equal>;
  // At 5,000,000 payments each holds 20,000: it grows in about a millisecond, and they do not all grow together.
  static constexpr size_t kTables = 256;
  // By the highest bits: a table itself uses the others.
  static size_t NumberOf(size_t hash) { return hash >> (sizeof(size_t) * 8 - 8); }
  Table& TableOf(size_t hash) { return tables_[NumberOf(hash)]; }

  std::array<Table, kTables> tables_;
};

}  // namespace pipeline
