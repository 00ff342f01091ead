#include "engine/text/text_stream.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "engine/regex/code_points.h"

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

TextStream::TextStream(StopConditions stop) {
  for (std::string& each : stop.texts) {
    if (!each.empty()) texts_.emplace_back(std::move(each));
  }
  for (auto& each : stop.patterns) patterns_.emplace_back(std::move(each));
  if (stop.dedent_below) dedent_.emplace(*stop.dedent_below);
}

std::string TextStream::Append(std::string_view bytes) {
  if (stopped()) return "";
  incomplete_.append(bytes);
  size_t at = held_.size();
  held_ += TakeCharacters(&incomplete_);

  while (at < held_.size()) {
    const size_t length = DecodeCharacter(std::string_view(held_).substr(at)).length;
    const std::string_view character = std::string_view(held_).substr(at, length);
    const std::optional<uint64_t> start = TakeCharacter(character, shown_ + at);
    at += length;
    if (!start) continue;
    // The first part of a very long match is shown already.
    const size_t cut = *start > shown_ ? *start - shown_ : 0;
    matched_ = held_.substr(cut, at - cut);
    held_.resize(cut);
    return std::exchange(held_, "");
  }
  std::string text = held_.substr(0, held_.size() - PossibleMatchLength());
  held_.erase(0, text.size());
  shown_ += text.size();
  return text;
}

std::string TextStream::Finish() {
  if (stopped()) return "";
  std::string text = std::exchange(held_, "");
  if (!incomplete_.empty()) text.append(kReplacement);
  incomplete_.clear();
  return text;
}

std::optional<uint64_t> TextStream::TakeCharacter(std::string_view bytes, uint64_t at) {
  std::optional<uint64_t> first;
  const auto add = [&first](std::optional<uint64_t> start) {
    if (start && (!first || *start < *first)) first = start;
  };
  const uint64_t end = at + bytes.size();
  for (StopMatcher& matcher : texts_) {
    bool is_match = false;
    for (const char byte : bytes) is_match = matcher.Take(byte);
    if (is_match) add(end - matcher.stop().size());
  }
  if (dedent_) {
    for (const char byte : bytes) add(dedent_->Take(byte, at));
  }
  if (patterns_.empty()) return first;
  const uint32_t point = TakeCodePoint(&bytes);
  for (PatternMatcher& matcher : patterns_) add(matcher.Take(point, at));
  return first;
}

size_t TextStream::PossibleMatchLength() const {
  const uint64_t end = shown_ + held_.size();
  uint64_t start = end;
  for (const StopMatcher& matcher : texts_) start = std::min(start, end - matcher.matched());
  for (const PatternMatcher& matcher : patterns_) start = std::min(start, matcher.possible_start());
  if (dedent_) start = std::min(start, dedent_->possible_start());
  size_t length = std::min<uint64_t>(end - start, std::min(held_.size(), kMaxHeld));
  // Shows no part of a character.
  while (length > 0 && (held_[held_.size() - length] & 0xC0) == 0x80) length--;
  return length;
}

}  // namespace codellama
