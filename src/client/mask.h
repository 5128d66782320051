// Payments without the e-mail addresses in them, for displays that others see (--mask-personal). Called by the Session
// and by main(). Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "payment/payment.h"

namespace pipeline {

// "someone@example.com" becomes "s***@example.com": who it is goes, the provider stays. What is no address keeps its
// first character alone; empty stays empty.
std::string MaskEmail(std::string_view email);

// The same of every address that stands in `text`; the rest stays.
std::string MaskAddresses(std::string_view text);

// customer_email, and the addresses in metadata. The id stays: payments are looked up by it.
Payment Masked(Payment payment);

}  // namespace pipeline
