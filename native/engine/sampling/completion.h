// The completion of one sequence: chooses each token, makes the text, and finds the end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/base/sequence.h"
#include "engine/grammar/grammar_cache.h"
#include "engine/grammar/grammar_matcher.h"
#include "engine/llama/model.h"
#include "engine/sampling/sampler.h"
#include "engine/text/repetition.h"
#include "engine/text/text_stream.h"
#include "engine/text/token_healing.h"

namespace codellama {

class Completion {
 public:
  // Takes the sampling, stop and grammar options out of the request. Token healing removes the last
  // token of the request's prompt. `context_size`: tokens that one sequence may have. The model
  // must outlive this object. Throws kInvalidGrammar.
  Completion(Request* request, const Model& model, GrammarCache* grammars, uint32_t context_size);

  // Takes the logits after the sequence's last token. Appends the next token to the sequence and to
  // `delta`, with its text. Then appends the tokens that the grammar forces after it, unless the
  // request wants log-probabilities: each token then waits for its logits in forced(). Returns the
  // finish reason when the completion ends. Throws kBackendFailed, kInvalidArgument,
  // kInvalidGrammar. Completions without a grammar may run on several threads at the same time.
  std::optional<FinishReason> OnLogits(const float* logits, Sequence* sequence, TextDelta* delta);

  // The next tokens, if they are certain already.
  const std::vector<Token>& forced() const { return forced_; }

  // Text that was held back. Call it after the last token.
  std::string Flush() { return text_.Finish(); }

  // The stop string that ended the text; empty if none did.
  const std::string& stop_string() const { return text_.matched(); }

  bool has_grammar() const { return grammar_.has_value(); }

  // Whether new tokens still have to spell the token that token healing removed.
  bool is_healing() const { return healing_ && !healing_->done(); }

  // Number of draft tokens that could become part of the completion. The last token needs no draft,
  // because nothing follows it.
  uint32_t LongestDraft(const Sequence& sequence) const;

 private:
  Token Sample(const float* logits);
  bool IsEnd(Token token) const;
  // Appends a token that does not end the text. Returns the finish reason if the text ends with it.
  std::optional<FinishReason> Append(Token token, const float* logits, Sequence* sequence,
                                     TextDelta* delta);
  // Fills `forced_`. Tokens with a bias and tokens that end the text are left to the model.
  void FindForced();
  Token TakeForced();

  const Tokenizer& tokenizer_;
  const uint32_t context_size_;
  std::optional<TokenHealing> healing_;
  Sampler sampler_;
  std::optional<GrammarMatcher> grammar_;
  std::vector<Token> forced_;  // next tokens, which the grammar forces
  const std::vector<Token> stop_tokens_;
  TextStream text_;
  Repetition repetition_;
  const std::optional<uint32_t> logprobs_;
};

}  // namespace codellama
