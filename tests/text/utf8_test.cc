// Text is read a character at a time: what is no UTF-8 is never taken for a character, whatever follows it, and each
// character has the width that terminals give it.
#include "text/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pipeline {
namespace {

TEST(Utf8Test, ReadsACharacterAtATime) {
  const std::string text = "aé₹🆕";
  const std::u32string codes = U"aé₹🆕";
  std::string_view rest = text;
  for (const char32_t code : codes) {
    const Utf8Character character = FirstCharacter(rest);
    EXPECT_TRUE(character.valid);
    EXPECT_EQ(character.code, code);
    rest.remove_prefix(character.bytes);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(Utf8Test, WhatIsNoneIsOneInvalidByte) {
  for (const std::string_view text : {"\xED\xA0\x80",      // half a surrogate pair
                                      "\xE0\x80\x80",      // overlong
                                      "\xC0\xAF",          // overlong
                                      "\xF4\x90\x80\x80",  // beyond Unicode
                                      "\xF8\x88\x80\x80\x80", "\xE2\x82", "\xE2\x82z", "\x80", "\xFF"}) {
    const Utf8Character character = FirstCharacter(text);
    EXPECT_FALSE(character.valid);
    EXPECT_EQ(character.bytes, 1u);
    EXPECT_EQ(character.code, static_cast<unsigned char>(text[0]));
  }
}

RC_GTEST_PROP(Utf8Property, WhatIsWrittenIsRead, ()) {
  const auto drawn = *rc::gen::inRange<uint32_t>(0, 0x110000 - 0x800);
  const char32_t code = drawn < 0xD800 ? drawn : drawn + 0x800;
  std::string text;
  AppendUtf8(code, &text);
  const Utf8Character character = FirstCharacter(text + "\x80");
  RC_ASSERT(character.valid);
  RC_ASSERT(character.code == code);
  RC_ASSERT(character.bytes == text.size());
}

TEST(Utf8Test, WidthsAreThoseOfATerminal) {
  for (const char32_t code : U"a é₹│") EXPECT_EQ(ColumnsOf(code), 1) << static_cast<uint32_t>(code);
  for (const char32_t code : {U'中', U'가', U'！', U'🆕', U'📦', U'✅'}) {
    EXPECT_EQ(ColumnsOf(code), 2) << static_cast<uint32_t>(code);
  }
  for (const char32_t code : {U'\u0301', U'\u05BF', U'\uFE0F', U'\u20E3'}) {
    EXPECT_EQ(ColumnsOf(code), 0) << static_cast<uint32_t>(code);
  }
}

TEST(Utf8Test, WhatATerminalObeysOrHidesIsUnsafe) {
  for (const char32_t code : {0x1B, 0x7F, 0x9B, 0xAD, 0x61C, 0x180E, 0x200B, 0x200F, 0x2028, 0x202E, 0x2065, 0x2069,
                              0xFEFF, 0xFFF9, 0xE0000, 0xE0001, 0xE007F}) {
    EXPECT_TRUE(IsUnsafe(code)) << static_cast<uint32_t>(code);
  }
  for (const char32_t code : U"a é₹中🆕\u0301\uFE0F") {
    EXPECT_FALSE(code != 0 && IsUnsafe(code)) << static_cast<uint32_t>(code);
  }
}

}  // namespace
}  // namespace pipeline
