// Turns token pieces into text for the user: whole UTF-8 characters without any part of a stop
// match. Matches may span tokens. The match that is complete first wins; if several are complete at
// the same byte, the longest wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/options.h"
#include "engine/text/dedent_matcher.h"
#include "engine/text/stop_matcher.h"
#include "engine/text/stop_pattern.h"

namespace codellama {

// Whether the bytes are whole, valid UTF-8 characters.
bool IsWholeText(std::string_view bytes);

class TextStream {
 public:
  // Maximum number of bytes that are held back for a pattern. Of a longer match, the first part is
  // shown, and matched() has only the rest.
  static constexpr size_t kMaxHeld = 16384;

  explicit TextStream(StopConditions stop);

  // Takes the bytes of the next token and returns the text that is now certain. When a stop
  // condition matches, the text ends before the match and later bytes are ignored.
  std::string Append(std::string_view bytes);

  // Text that was held back. Call it after the last token. An incomplete character becomes U+FFFD.
  std::string Finish();

  bool stopped() const { return !matched_.empty(); }

  // The text that matched a stop condition; empty if none has.
  const std::string& matched() const { return matched_; }

 private:
  // Takes the text's next character. Returns the first byte of the longest match that is now
  // complete; empty if there is none.
  std::optional<uint64_t> TakeCharacter(std::string_view bytes, uint64_t at);
  // Number of bytes at the end of `held_` that may become part of a match.
  size_t PossibleMatchLength() const;

  std::vector<StopMatcher> texts_;
  std::vector<PatternMatcher> patterns_;
  std::optional<DedentMatcher> dedent_;
  std::string held_;        // valid UTF-8 that may begin a match
  uint64_t shown_ = 0;      // number of bytes before `held_`
  std::string incomplete_;  // first bytes of a character
  std::string matched_;
};

}  // namespace codellama
