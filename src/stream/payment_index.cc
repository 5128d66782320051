#include "stream/payment_index.h"

#include <absl/hash/hash.h>

#include "stream/payment_store.h"

namespace pipeline {

PaymentIndex::Probe::Probe(std::string_view wanted) : hash(absl::Hash<std::string_view>()(wanted)), id(wanted) {}

bool PaymentIndex::Has(const Slot& slot, const Probe& probe) { return slot.payment->record.id == probe.id; }

void PaymentIndex::Clear() {
  for (Table& table : tables_) table.clear();
}

void PaymentIndex::Erase(std::string_view id) {
  const Probe probe(id);
  Table& table = TableOf(probe.hash);
  if (const auto found = table.find(probe); found != table.end()) table.erase(found);
}

StoredPayment* PaymentIndex::Find(std::string_view id) const {
  const Probe probe(id);
  const Table& table = tables_[NumberOf(probe.hash)];
  const auto found = table.find(probe);
  return found == table.end() ? nullptr : found->payment;
}

}  // namespace pipeline
