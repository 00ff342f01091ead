// Turns token pieces into text for the user: whole UTF-8 characters without any part of a stop
// string. Stop strings may span tokens. The stop string that ends first wins; if several end at the
// same byte, the longest wins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/stop_matcher.h"

namespace codellama {

// Whether the bytes are whole, valid UTF-8 characters.
bool IsWholeText(std::string_view bytes);

class TextStream {
 public:
  explicit TextStream(std::vector<std::string> stop);

  // Takes the bytes of the next token and returns the text that is now certain. When a stop string
  // matches, the text ends before it and later bytes are ignored.
  std::string Append(std::string_view bytes);

  // Text that was held back. Call it after the last token. An incomplete character becomes U+FFFD.
  std::string Finish();

  bool stopped() const { return !matched_.empty(); }

  // The stop string that matched; empty if none has.
  const std::string& matched() const { return matched_; }

 private:
  // Takes the text's next byte. Returns true if a stop string ends with it.
  bool TakeByte(char byte);
  // Length of the longest end of `held_` that is a beginning of a stop string.
  size_t PossibleStopLength() const;

  std::vector<StopMatcher> matchers_;
  std::string held_;        // valid UTF-8 that may begin a stop string
  std::string incomplete_;  // first bytes of a character
  std::string matched_;
};

}  // namespace codellama
