// Token pieces in, text for the user out: whole UTF-8 characters only, stop strings found across
// token borders, and no part of a stop string shown. Of several stop strings the one that ends
// first wins, and the longest of those that end at the same byte, wherever tokens begin and end.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/text/stop_matcher.h"

namespace codellama {

// Whether these are whole UTF-8 characters.
bool IsWholeText(std::string_view bytes);

class TextStream {
 public:
  explicit TextStream(std::vector<std::string> stop);

  // Takes the bytes of the next token and returns the text that is now certain. After a stop
  // string has matched, returns the text before it and ignores whatever comes later.
  std::string Append(std::string_view bytes);

  // The text held back, once nothing more will come. Bytes that never became a character are
  // shown as U+FFFD.
  std::string Finish();

  bool stopped() const { return !matched_.empty(); }

  // The stop string that matched, or "".
  const std::string& matched() const { return matched_; }

 private:
  // True where a stop string ends with the text's next byte.
  bool TakeByte(char byte);
  // Length of the longest end of `held_` that a stop string begins with.
  size_t PossibleStopLength() const;

  std::vector<StopMatcher> matchers_;
  std::string held_;        // valid UTF-8, perhaps the beginning of a stop string
  std::string incomplete_;  // first bytes of a character
  std::string matched_;
};

}  // namespace codellama
