// Decimal text as exact numbers, worked out on the digits themselves: the harness's own arithmetic, which shares
// nothing with the server's (src/payment/money.h). Called by the record reader and by the parser of event logs. Pure,
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "payment/money.h"

namespace harness {

// `number_text` as JSON writes numbers, divided by 10^shift; without trailing zeros behind the point. nullopt: not such
// a number, or it does not fit int64 units with at most 18 digits behind the point.
std::optional<pipeline::Money> ReadMoney(std::string_view number_text, int shift);

// The whole seconds of `number_text`; a fraction is cut off towards the past. nullopt: not a number, or they do not fit
// int64.
std::optional<int64_t> ReadSeconds(std::string_view number_text);

// The double that is nearest to it.
double NearestDouble(const pipeline::Money& money);

// How many digits Stripe's amounts in `currency` (upper case) have behind the point: 2 where it is not known.
int StripeDigits(std::string_view currency);

// Exactly one number of RFC 8259, whatever its size.
bool IsNumber(std::string_view text);

}  // namespace harness
