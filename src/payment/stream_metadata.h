// The keys of what streams say in their metadata (docs/formats.md, "The stream's metadata"). Written by the server,
// read by the client. Pure.
#pragma once

namespace pipeline {

// Initial metadata.
inline constexpr char kStartMetadataKey[] = "payment-start-bin";            // a serialised StreamStart
inline constexpr char kSubscriptionMetadataKey[] = "payment-subscription";  // the stream's name
// Trailing metadata.
inline constexpr char kGapMetadataKey[] = "payment-gap-bin";  // a serialised PositionGap; may be there many times
inline constexpr char kEndReasonMetadataKey[] = "payment-end-reason";

}  // namespace pipeline
