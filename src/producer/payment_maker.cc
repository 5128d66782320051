#include "producer/payment_maker.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>
#include <stdexcept>
#include <utility>

#include "payment/codec.h"
#include "payment/money.h"

namespace pipeline {
namespace {

// Payments under way at once: enough that one payment's records have others between them.
constexpr size_t kOpenPayments = 64;

// What a padded record has behind its other metadata, without the padding.
constexpr std::string_view kPadMember = R"(,"pad":"")";

// What one provider's records look like on the raw topic.
struct ProviderStyle {
  std::string_view name;
  bool minor_units;                              // amounts in the currency's smallest unit
  std::span<const std::string_view> currencies;  // as the provider spells them
  // Indexed by PaymentStatus; providers use different words for one status.
  std::array<std::string_view, 5> statuses;
};

constexpr std::string_view kStripeCurrencies[] = {"usd", "eur", "gbp", "jpy", "kwd", "ugx"};
constexpr std::string_view kRazorpayCurrencies[] = {"inr"};
constexpr std::string_view kPaypalCurrencies[] = {"USD", "EUR", "GBP"};
constexpr ProviderStyle kStyles[] = {
    {"stripe", true, kStripeCurrencies, {"", "processing", "succeeded", "failed", "refunded"}},
    {"razorpay", false, kRazorpayCurrencies, {"", "pending", "paid", "failed", "refunded"}},
    {"paypal", false, kPaypalCurrencies, {"", "pending", "completed", "declined", "refunded"}},
};
const ProviderStyle& StyleOf(Provider provider) { return kStyles[static_cast<size_t>(provider) - 1]; }

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

// fmt::format_to into a string costs a third of a record.
void AppendNumber(uint64_t number, std::string* text) {
  const fmt::format_int digits(number);
  text->append(digits.data(), digits.size());
}

// A bijection of 60-bit numbers (odd multiplications and xor-shifts are), so that ids of one maker never meet, in 12
// digits of base 32 without the letters that people confuse.
void SetId(uint64_t number, std::string* id) {
  constexpr uint64_t kMask = (uint64_t{1} << 60) - 1;
  constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  uint64_t x = number & kMask;
  x = (x * 0x9E3779B97F4A7C15u) & kMask;
  x ^= x >> 31;
  x = (x * 0xBF58476D1CE4E5B9u) & kMask;
  x ^= x >> 29;
  id->assign("pay_");
  for (int shift = 55; shift >= 0; shift -= 5) id->push_back(kDigits[(x >> shift) & 31]);
}

}  // namespace

PaymentMaker::PaymentMaker(MakerOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      id_base_(random_()),
      payments_(options_.payments),
      sequence_(options_.first_sequence) {
  if (options_.records_per_payment_min < 1 || options_.records_per_payment_max > kRecordsPerPaymentMax ||
      options_.records_per_payment_min > options_.records_per_payment_max) {
    throw std::invalid_argument(fmt::format("records per payment {}..{}: allowed are 1 to {}, the smaller first",
                                            options_.records_per_payment_min, options_.records_per_payment_max,
                                            kRecordsPerPaymentMax));
  }
  if (options_.payments > 0) {
    open_.resize(options_.payments);
    return;
  }
  // With one record a payment none is ever under way.
  open_.resize(options_.records_per_payment_max == 1 ? 1 : kOpenPayments);
}

void PaymentMaker::Begin(uint64_t number, Open* open) {
  Begin(number, static_cast<Provider>(1 + Below(std::size(kStyles))), open);
}

void PaymentMaker::Begin(uint64_t number, Provider provider, Open* open) {
  const ProviderStyle& style = StyleOf(provider);
  Payment& payment = open->payment;
  SetId(id_base_ + number, &payment.id);
  payment.provider = provider;
  open->currency = static_cast<uint8_t>(Below(style.currencies.size()));
  payment.currency = Upper(style.currencies[open->currency]);
  // 1.00 to 5,000.99 major units of a two-digit currency, mostly not round.
  auto hundredths = static_cast<int64_t>(100 + Below(500'000));
  if (style.minor_units) {
    const uint32_t digits = StripeDigits(payment.currency);
    // Hundredths of a currency that has none: always whole ones.
    if (digits > IsoDigits(payment.currency)) hundredths -= hundredths % 100;
    open->raw_amount = {hundredths, 0};
    payment.amount = {hundredths, digits};
  } else {
    open->raw_amount = payment.amount = {hundredths, 2};
  }
  payment.customer_email.clear();
  payment.customer_email += "customer";
  AppendNumber(Below(10'000), &payment.customer_email);
  payment.customer_email += "@example.com";
  payment.metadata.resize(options_.rec_prefix.empty() ? 1 : 2);
  payment.metadata[0].first = "order_id";
  payment.metadata[0].second = "order_";
  AppendNumber(number + 1, &payment.metadata[0].second);
  if (!options_.rec_prefix.empty()) payment.metadata[1].first = "rec";
  const uint64_t fate = Below(10);
  open->fate = fate < 1 ? Fate::kFailed : fate < 4 ? Fate::kRefunded : Fate::kSettled;
  open->records = options_.records_per_payment_min +
                  static_cast<int>(Below(static_cast<uint64_t>(options_.records_per_payment_max) -
                                         static_cast<uint64_t>(options_.records_per_payment_min) + 1));
  open->left = open->records;
}

// Pending until the last steps of its fate; a payment of one record shows its last step only.
PaymentStatus PaymentMaker::StatusOf(const Open& open) {
  switch (open.fate) {
    case Fate::kFailed:
      return open.left == 1 ? PaymentStatus::kFailed : PaymentStatus::kPending;
    case Fate::kRefunded:
      if (open.left == 1) return PaymentStatus::kRefunded;
      return open.left == 2 ? PaymentStatus::kCompleted : PaymentStatus::kPending;
    case Fate::kSettled:
      break;
  }
  // One in eight (of whole hundreds of units one in two) is still pending after its last record.
  if (open.payment.amount.units % 8 == 0) return PaymentStatus::kPending;
  return open.left == 1 ? PaymentStatus::kCompleted : PaymentStatus::kPending;
}

MadeRecord PaymentMaker::Make(int64_t now_s, std::string* value, size_t value_bytes) {
  Open& open = open_[open_.size() == 1 ? 0 : Below(open_.size())];
  const bool first = open.left == 0;
  if (first) Begin(payments_++, &open);
  open.payment.status = StatusOf(open);
  --open.left;
  return Write(now_s, first, &open, value_bytes, value);
}

MadeRecord PaymentMaker::MakeOf(size_t payment, int64_t now_s, std::string* value, size_t value_bytes) {
  Open& open = open_.at(payment);
  const bool first = open.records == 0;
  if (first) Begin(payment, &open);
  open.payment.status = StatusOf(open);
  if (open.left > 1) --open.left;
  return Write(now_s, first, &open, value_bytes, value);
}

std::string PaymentMaker::IdOf(size_t payment) const {
  std::string id;
  SetId(id_base_ + payment, &id);
  return id;
}

MadeRecord PaymentMaker::MakeMatching(const Filter& filter, int64_t now_s, std::string* value) {
  if (filter.provider != Provider::kUnknown) {
    Begin(payments_++, filter.provider, &single_);
  } else {
    Begin(payments_++, &single_);
  }
  single_.payment.status = filter.status != PaymentStatus::kUnknown ? filter.status : PaymentStatus::kCompleted;
  return Write(now_s, true, &single_, 0, value);
}

void PaymentMaker::AppendValue(const Open& open, std::string* value) {
  const Payment& payment = open.payment;
  const ProviderStyle& style = StyleOf(payment.provider);
  RawPayment raw;
  raw.id = payment.id;
  raw.provider = style.name;
  raw.amount_text = amount_text_;
  raw.currency = style.currencies[open.currency];
  raw.status = style.statuses[static_cast<size_t>(payment.status)];
  raw.customer_email = payment.customer_email;
  raw.timestamp_s = payment.created_at_s;
  AppendRawJson(raw, payment.metadata, value);
}

// Random letters, ten from each number, so that they compress as poorly as text of that alphabet can.
void PaymentMaker::Pad(size_t bytes, std::string* text) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  text->clear();
  text->reserve(bytes + 10);
  while (text->size() < bytes) {
    uint64_t random = random_();
    for (int i = 0; i < 10; ++i, random >>= 6) text->push_back(kLetters[random & 63]);
  }
  text->resize(bytes);
}

MadeRecord PaymentMaker::Write(int64_t now_s, bool first, Open* open, size_t value_bytes, std::string* value) {
  Payment& payment = open->payment;
  payment.created_at_s = now_s;
  // Without the padding of the record before. Its place is the one that a sorted list has it at.
  if (payment.metadata.size() > (options_.rec_prefix.empty() ? 1U : 2U)) {
    payment.metadata.erase(payment.metadata.begin() + 1);
  }
  if (!options_.rec_prefix.empty()) {
    std::string& rec = payment.metadata[1].second;
    rec.assign(options_.rec_prefix);
    rec += '.';
    AppendNumber(sequence_, &rec);
  }
  amount_text_.clear();
  const auto units = static_cast<uint64_t>(open->raw_amount.units);
  if (open->raw_amount.exponent == 0) {
    AppendNumber(units, &amount_text_);
  } else {
    AppendNumber(units / 100, &amount_text_);
    amount_text_ += units % 100 < 10 ? ".0" : ".";
    AppendNumber(units % 100, &amount_text_);
  }
  const size_t begin = value->size();
  AppendValue(*open, value);
  if (const size_t bytes = value->size() - begin + kPadMember.size(); bytes <= value_bytes) {
    const auto pad = payment.metadata.emplace(payment.metadata.begin() + 1, "pad", "");
    Pad(value_bytes - bytes, &pad->second);
    value->resize(begin);
    AppendValue(*open, value);
  }

  MadeRecord made;
  made.sequence = sequence_++;
  made.payment = &payment;
  made.key = payment.id;
  made.provider = StyleOf(payment.provider).name;
  made.currency = StyleOf(payment.provider).currencies[open->currency];
  made.raw_amount = open->raw_amount;
  made.first_of_payment = first;
  return made;
}

}  // namespace pipeline
