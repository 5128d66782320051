// The cursor of ListPayments: opaque to clients, a place in the list's order that is good for one log and one filter.
// Its checksum finds damage and cursors that were made up; it is no secret. Called from gRPC threads. Pure,
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "payment/payment.h"
#include "stream/payment_store.h"

namespace pipeline {

// Printable ASCII, at most 64 characters.
std::string EncodeListCursor(const ListPlace& place, const Filter& filter, std::string_view log_id);

// nullopt: not a cursor, damaged, or made for another log or filter.
std::optional<ListPlace> DecodeListCursor(std::string_view cursor, const Filter& filter, std::string_view log_id);

}  // namespace pipeline
