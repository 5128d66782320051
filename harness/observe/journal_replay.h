// What the parts of a journal's replay share: each gives the frames of one kind to the HistoryBuilder. Called by
// ReplayFrame() and its parts alone. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/observe/bytes.h"
#include "harness/observe/history_builder.h"
#include "harness/observe/journal_frames.h"

namespace harness {

// Bits of a frame's byte of flags.
inline constexpr uint8_t kBit0 = 1, kBit1 = 2, kBit2 = 4, kBit3 = 8;

inline constexpr auto kProviderLast = pipeline::Provider::kPaypal;
inline constexpr auto kStatusLast = pipeline::PaymentStatus::kRefunded;

// What producers sent and what the topic holds: kSends, kOutcomes, kLog, kDeadLetters, kNames, kContent. As the two
// below: false where the frame is of another kind, or its payload is not one of its type.
bool ReplayRecordsFrame(FrameType type, ByteReader* in, HistoryBuilder* builder);
// What clients told: kClient, kClientStay, kConnection, kConnectionEnd, kFailedAttempt, kDeliveries, kBookmarks,
// kBrokenLines, kBrokenLineText.
bool ReplayClientFrame(FrameType type, ByteReader* in, HistoryBuilder* builder);
// What servers told: kServer to kServerBroken.
bool ReplayServerFrame(FrameType type, std::string_view payload, HistoryBuilder* builder);

}  // namespace harness
