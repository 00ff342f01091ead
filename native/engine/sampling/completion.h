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

  // Takes the logits after the sequence's last token. Appends the next token to the sequence, and
  // the token and its text to `delta`. Returns the finish reason when the completion ends. Throws
  // kBackendFailed, kInvalidArgument, kInvalidGrammar. Completions without a grammar may run on
  // several threads at the same time.
  std::optional<FinishReason> OnLogits(const float* logits, Sequence* sequence, TextDelta* delta);

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

  const Tokenizer& tokenizer_;
  const uint32_t context_size_;
  std::optional<TokenHealing> healing_;
  Sampler sampler_;
  std::optional<GrammarMatcher> grammar_;
  const std::vector<Token> stop_tokens_;
  TextStream text_;
  Repetition repetition_;
  const std::optional<uint32_t> logprobs_;
};

}  // namespace codellama
