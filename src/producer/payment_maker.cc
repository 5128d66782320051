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
    : options_(std::move(options)), random_(options_.seed), id_base_(random_()), sequence_(options_.first_sequence) {
  if (options_.records_per_payment_min < 1 || options_.records_per_payment_max > kRecordsPerPaymentMax ||
      options_.records_per_payment_min > options_.records_per_payment_max) {
    throw std::invalid_argument(fmt::format("records per payment {}..{}: allowed are 1 to {}, the smaller first",
                                            options_.records_per_payment_min, options_.records_per_payment_max,
                                            kRecordsPerPaymentMax));
  }
  // With one record a payment none is ever under way.
  open_.resize(options_.records_per_payment_max == 1 ? 1 : kOpenPayments);
}

void PaymentMaker::Begin(Provider provider, Open* open) {
  const ProviderStyle& style = StyleOf(provider);
  Payment& payment = open->payment;
  SetId(id_base_ + payments_++, &payment.id);
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
  AppendNumber(payments_, &payment.metadata[0].second);
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

MadeRecord PaymentMaker::Make(int64_t now_s, std::string* value) {
  Open& open = open_[open_.size() == 1 ? 0 : Below(open_.size())];
  const bool first = open.left == 0;
  if (first) Begin(static_cast<Provider>(1 + Below(std::size(kStyles))), &open);
  open.payment.status = StatusOf(open);
  --open.left;
  return Write(now_s, first, &open, value);
}

MadeRecord PaymentMaker::MakeMatching(const Filter& filter, int64_t now_s, std::string* value) {
  const Provider provider =
      filter.provider != Provider::kUnknown ? filter.provider : static_cast<Provider>(1 + Below(std::size(kStyles)));
  Begin(provider, &single_);
  single_.payment.status = filter.status != PaymentStatus::kUnknown ? filter.status : PaymentStatus::kCompleted;
  return Write(now_s, true, &single_, value);
}

MadeRecord PaymentMaker::Write(int64_t now_s, bool first, Open* open, std::string* value) {
  Payment& payment = open->payment;
  const ProviderStyle& style = StyleOf(payment.provider);
  payment.created_at_s = now_s;
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
  RawPayment raw;
  raw.id = payment.id;
  raw.provider = style.name;
  raw.amount_text = amount_text_;
  raw.currency = style.currencies[open->currency];
  raw.status = style.statuses[static_cast<size_t>(payment.status)];
  raw.customer_email = payment.customer_email;
  raw.timestamp_s = now_s;
  AppendRawJson(raw, payment.metadata, value);

  MadeRecord made;
  made.sequence = sequence_++;
  made.payment = &payment;
  made.key = payment.id;
  made.provider = raw.provider;
  made.currency = raw.currency;
  made.raw_amount = open->raw_amount;
  made.first_of_payment = first;
  return made;
}

}  // namespace pipeline
