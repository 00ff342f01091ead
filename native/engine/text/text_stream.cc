#include "engine/text/text_stream.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace codellama {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Decoded {
  enum { kValid, kInvalid, kIncomplete } kind;
  size_t length;  // bytes to take, or to replace
};

// The range of the second byte excludes overlong forms, surrogates and code points above U+10FFFF
// (Unicode 15, table 3-7).
Decoded DecodeCharacter(std::string_view bytes) {
  const auto lead = static_cast<uint8_t>(bytes[0]);
  if (lead < 0x80) return {Decoded::kValid, 1};
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {Decoded::kInvalid, 1};
  }
  for (size_t i = 1; i < length; i++) {
    if (i == bytes.size()) return {Decoded::kIncomplete, i};
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (byte < low || byte > high) return {Decoded::kInvalid, i};
    low = 0x80;
    high = 0xBF;
  }
  return {Decoded::kValid, length};
}

// Moves every complete character from `bytes` to the result. Replaces invalid bytes by U+FFFD, like
// the WHATWG decoder.
std::string TakeCharacters(std::string* bytes) {
  std::string text;
  size_t at = 0;
  while (at < bytes->size()) {
    const Decoded decoded = DecodeCharacter(std::string_view(*bytes).substr(at));
    if (decoded.kind == Decoded::kIncomplete) break;
    if (decoded.kind == Decoded::kValid) {
      text.append(*bytes, at, decoded.length);
    } else {
      text.append(kReplacement);
    }
    at += decoded.length;
  }
  bytes->erase(0, at);
  return text;
}

}  // namespace

bool IsWholeText(std::string_view bytes) {
  while (!bytes.empty()) {
    const Decoded decoded = DecodeCharacter(bytes);
    if (decoded.kind != Decoded::kValid) return false;
    bytes.remove_prefix(decoded.length);
  }
  return true;
}

TextStream::TextStream(std::vector<std::string> stop) {
  for (std::string& each : stop) {
    if (!each.empty()) matchers_.emplace_back(std::move(each));
  }
}

std::string TextStream::Append(std::string_view bytes) {
  if (stopped()) return "";
  incomplete_.append(bytes);
  const size_t known = held_.size();
  held_ += TakeCharacters(&incomplete_);

  for (size_t at = known; at < held_.size(); at++) {
    if (!TakeByte(held_[at])) continue;
    held_.resize(at + 1 - matched_.size());
    return std::exchange(held_, "");
  }
  std::string text = held_.substr(0, held_.size() - PossibleStopLength());
  held_.erase(0, text.size());
  return text;
}

std::string TextStream::Finish() {
  if (stopped()) return "";
  std::string text = std::exchange(held_, "");
  if (!incomplete_.empty()) text.append(kReplacement);
  incomplete_.clear();
  return text;
}

bool TextStream::TakeByte(char byte) {
  for (StopMatcher& matcher : matchers_) {
    if (matcher.Take(byte) && matcher.stop().size() > matched_.size()) matched_ = matcher.stop();
  }
  return stopped();
}

size_t TextStream::PossibleStopLength() const {
  size_t longest = 0;
  for (const StopMatcher& matcher : matchers_) longest = std::max(longest, matcher.matched());
  return longest;
}

}  // namespace codellama
