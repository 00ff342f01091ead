// The text that a grammar forces: where only one byte may follow, again and again. The engine
// writes it without asking the model (jump-forward). It must tokenise the text as the model would:
//   - with the model's own tokenizer, so that the model sees the tokens it was trained on;
//   - without the last tokens if a longer token could take their place. After `order` the model
//     must be free to choose the token `orderId`, so `order` is left to the model.
#pragma once

#include <string>
#include <vector>

#include "engine/grammar/grammar_automaton.h"

namespace codellama {

class Tokenizer;

// The longest forced text that is found at once, in bytes. The rest of a longer text follows when
// its beginning is written.
inline constexpr size_t kLongestForcedText = 256;

// The bytes that must follow after `state`.
std::string ForcedText(GrammarAutomaton* automaton, GrammarAutomaton::State state);

// Tokens of a beginning of the forced text after `state`. Their pieces spell it byte for byte.
// Empty if the model has a choice. The function depends on the grammar and the text only, so a text
// forces the same tokens each time. GrammarAutomaton::ForcedTokens() keeps its results.
std::vector<Token> FindForcedTokens(GrammarAutomaton* automaton, GrammarAutomaton::State state,
                                    const Tokenizer& tokenizer);

}  // namespace codellama
