// The frame around a journal's payloads, and the sizes of the entries of those that are long. Shared by the journal's
// writer and reader.
//
//   file  = header frame*
//   frame = payload size (u32) | type (u8) | payload | CRC-32C of all bytes before (u32)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace harness {

inline constexpr std::string_view kJournalMagic = "PAYJRNL\n";
inline constexpr uint32_t kJournalVersion = 6;
inline constexpr size_t kJournalHeaderBytes = 12;  // magic, version (u32)
inline constexpr size_t kFrameHeadBytes = 5;
inline constexpr size_t kFrameTailBytes = 4;

// An entry of kSends, kOutcomes, kLog, kDeliveries, kBookmarks; one of kNames has at least that many.
inline constexpr size_t kSendBytes = 46, kOutcomeBytes = 30, kLogBytes = 68, kDeliveryBytes = 62, kBookmarkBytes = 24,
                        kNameBytesMin = 12, kDeadLetterBytes = 28, kListedBytes = 25;

}  // namespace harness
