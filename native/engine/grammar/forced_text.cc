#include "engine/grammar/forced_text.h"

#include <algorithm>
#include <string_view>

#include "engine/text/text_stream.h"
#include "engine/text/tokenizer.h"

namespace codellama {

namespace {

// Number of last tokens that a longer token may replace. llguidance found no text where more matter
// (docs/fast_forward.md there).
constexpr size_t kReplaceable = 4;

using State = GrammarAutomaton::State;

// Whether a token spells `text` and goes on with bytes that the grammar allows after `state`.
bool IsBeginningOfToken(std::string_view text, GrammarAutomaton* automaton, State state,
                        const Tokenizer& tokenizer) {
  const auto& pieces = tokenizer.SortedPieces();
  auto at = std::lower_bound(
      pieces.begin(), pieces.end(), text,
      [](const auto& piece, std::string_view value) { return piece.first < value; });
  while (at != pieces.end() && at->first.starts_with(text)) {
    const std::string_view piece = at->first;
    size_t length = text.size();
    State next = state;
    while (length < piece.size() && next != GrammarAutomaton::kDead) {
      next = automaton->Next(next, piece.substr(length++, 1));
    }
    if (length > text.size() && next != GrammarAutomaton::kDead) return true;
    // All pieces with the same beginning are forbidden too.
    const auto begins_later = [](std::string_view value, const auto& other) {
      return value < std::string_view(other.first).substr(0, value.size());
    };
    at = length > text.size()
             ? std::upper_bound(at, pieces.end(), piece.substr(0, length), begins_later)
             : at + 1;
  }
  return false;
}

// Length of the beginning of `text` that no longer token can change.
size_t CertainLength(std::string_view text, size_t replaceable, GrammarAutomaton* automaton,
                     State state, const Tokenizer& tokenizer) {
  for (size_t start = text.size() - replaceable; start < text.size(); start++) {
    if (IsBeginningOfToken(text.substr(start), automaton, state, tokenizer)) return start;
  }
  return text.size();
}

}  // namespace

std::string ForcedText(GrammarAutomaton* automaton, State state) {
  std::string text;
  while (text.size() < kLongestForcedText) {
    const auto byte = automaton->ForcedByte(state);
    if (!byte) break;
    text += static_cast<char>(*byte);
    state = automaton->Next(state, std::string_view(text).substr(text.size() - 1));
  }
  return text;
}

std::vector<Token> FindForcedTokens(GrammarAutomaton* automaton, State state,
                                    const Tokenizer& tokenizer) {
  std::string text = ForcedText(automaton, state);
  // Tokenizers take whole characters, and the model may just have chosen the first byte of one.
  constexpr size_t kLongestCharacter = 4;
  for (size_t cut = 0; !IsWholeText(text); cut++) {
    if (cut == kLongestCharacter) return {};
    text.pop_back();
  }
  if (text.empty()) return {};
  std::vector<Token> tokens =
      tokenizer.Encode({PromptText{.text = text, .inside = true}}, kLongestForcedText);

  std::string spelled;
  std::vector<size_t> ends;  // length of the text up to the end of each token
  for (const Token token : tokens) {
    spelled += tokenizer.Piece(token);
    ends.push_back(spelled.size());
  }
  if (spelled != text) return {};
  const size_t kept = tokens.size() - std::min(kReplaceable, tokens.size());
  const size_t replaceable = text.size() - (kept == 0 ? 0 : ends[kept - 1]);
  const size_t certain =
      CertainLength(text, replaceable, automaton, automaton->Next(state, text), tokenizer);
  const auto first_uncertain = std::upper_bound(ends.begin(), ends.end(), certain);
  tokens.resize(static_cast<size_t>(first_uncertain - ends.begin()));
  return tokens;
}

}  // namespace codellama
