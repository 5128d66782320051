// Whether this is a build for a sanitizer, whose own memory and slowness are to be allowed for. Pure.
#pragma once

namespace pipeline {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PIPELINE_SANITIZED
#endif
#endif
#if defined(PIPELINE_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace pipeline
