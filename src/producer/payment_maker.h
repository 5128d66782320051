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
  size_t payments = 0;  // above 0: there are so many and no others, and MakeOf says whose record is next
};
inline constexpr int kRecordsPerPaymentMax = 1000;
// No value is longer by itself, with a rec_prefix of up to 100 bytes.
inline constexpr size_t kPaddedValueBytesMin = 512;

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
  // `value_bytes`: a value that would be shorter is padded to exactly so many, in its metadata; from
  // kPaddedValueBytesMin on.
  MadeRecord Make(int64_t now_s, std::string* value, size_t value_bytes = 0);
  // The next record of a payment of MakerOptions::payments. Once its life is over its last record comes again.
  MadeRecord MakeOf(size_t payment, int64_t now_s, std::string* value, size_t value_bytes = 0);
  // The id of one of MakerOptions::payments.
  std::string IdOf(size_t payment) const;
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
  void Begin(uint64_t number, Open* open);
  void Begin(uint64_t number, Provider provider, Open* open);
  static PaymentStatus StatusOf(const Open& open);
  MadeRecord Write(int64_t now_s, bool first, Open* open, size_t value_bytes, std::string* value);
  void AppendValue(const Open& open, std::string* value);
  void Pad(size_t bytes, std::string* text);

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
