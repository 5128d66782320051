// Makes test payments from a seed: the same seed gives the same payments. Used by payment-producer and by the harness's
// embedded generator. Pure: time comes in as an argument. Not thread-safe: one maker a thread.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "payment/payment.h"

namespace pipeline {

struct MakerOptions {
  uint64_t seed = 1;
  std::string
      rec_prefix;  // "<run>.<producer>": puts "rec": "<run>.<producer>.<sequence>" into the metadata; empty: none
  uint64_t first_sequence = 1;
  int records_per_payment_min = 1;  // 1 to kRecordsPerPaymentMax
  int records_per_payment_max = 3;
};
inline constexpr int kRecordsPerPaymentMax = 1000;

// One record. The views stay valid until the maker's next call.
struct MadeRecord {
  uint64_t sequence = 0;
  const Payment* payment = nullptr;  // what RecordDecoder makes of the value
  std::string_view key;              // the payment id
  std::string_view provider;         // as in the value: "stripe"
  std::string_view currency;         // "usd"
  Money raw_amount;                  // in the provider's own units: what the value says as a JSON number
  bool first_of_payment = false;
};

class PaymentMaker {
 public:
  // Throws std::invalid_argument when the numbers of records are out of range.
  explicit PaymentMaker(MakerOptions options);

  // Appends the next record's JSON (docs: the raw topic) to `value`. One payment's records come in the order of its
  // life (pending, completed, refunded or pending, failed), with other payments' between them. `now_s`: its timestamp.
  MadeRecord Make(int64_t now_s, std::string* value);
  // A payment of a single record that `filter` matches. Does not touch the payments under way.
  MadeRecord MakeMatching(const Filter& filter, int64_t now_s, std::string* value);

 private:
  enum class Fate : uint8_t { kSettled, kRefunded, kFailed };
  // A payment between its first and its last record. `left` 0: the slot is free.
  struct Open {
    Payment payment;
    Money raw_amount;
    uint8_t currency = 0;  // index into the provider's currencies
    Fate fate = Fate::kSettled;
    int records = 0;
    int left = 0;
  };

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  void Begin(Provider provider, Open* open);
  static PaymentStatus StatusOf(const Open& open);
  MadeRecord Write(int64_t now_s, bool first, Open* open, std::string* value);

  MakerOptions options_;
  std::mt19937_64 random_;
  uint64_t id_base_;
  uint64_t payments_ = 0;
  uint64_t sequence_;
  std::vector<Open> open_;
  Open single_;
  std::string amount_text_;
};

}  // namespace pipeline
