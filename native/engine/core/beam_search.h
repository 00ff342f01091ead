// Beam search: keeps the likeliest unfinished texts of a request and ranks the finished ones. It
// knows tokens and probabilities, not how they are computed. Engine thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/options.h"
#include "engine/text/text_stream.h"

namespace codellama {

class BeamSearch {
 public:
  // An unfinished text that continues another one by a token.
  struct Continuation {
    size_t parent = 0;  // index in the texts before the step
    Token token = 0;
  };

  // `ends`: tokens that end a text and are not part of it. `logprobs`: number of alternatives that
  // an answer reports for each token. `max_steps`: tokens of the longest text.
  BeamSearch(const BeamOptions& options, std::vector<Token> ends, StopConditions stop,
             uint32_t logprobs, uint32_t max_steps);

  // Number of continuations that Advance() needs for each text. Some may be end tokens, and enough
  // others must remain.
  uint32_t width() const;

  // Whether the search takes no step at all.
  bool is_over() const { return steps_ == max_steps_ || open_.empty(); }

  // Takes the likeliest next tokens of each unfinished text, likeliest first. Returns the next
  // unfinished texts, best first. Empty = the search is over.
  std::vector<Continuation> Advance(const std::vector<std::vector<TokenLogprob>>& likeliest);

  // The best texts, best first. Unfinished texts get the finish reason `open_reason`.
  std::vector<BeamAnswer> Answers(FinishReason open_reason) const;

 private:
  static constexpr int32_t kNoNode = -1;

  // A token of a text. Texts share the nodes of their common beginning.
  struct Node {
    int32_t parent = kNoNode;
    std::string text;  // text that became certain with this token
    TokenLogprobs logprobs;
  };

  struct Hypothesis {
    int32_t last = kNoNode;  // node of the last token; kNoNode = no token
    double sum = 0;          // log-probability of the text, including its end token
    uint32_t length = 0;     // number of tokens in `sum`
    bool is_whole = false;
    TextStream text;
  };

  double Score(const Hypothesis& hypothesis) const;
  void SortByScore(std::vector<Hypothesis>* hypotheses) const;
  // Whether no unfinished text can become better than the finished ones.
  bool IsDecided() const;
  bool IsEnd(Token token) const;
  Hypothesis Continue(const Hypothesis& parent, const TokenLogprob& token, double sum,
                      const std::vector<TokenLogprob>& alternatives);
  BeamAnswer MakeAnswer(const Hypothesis& hypothesis, FinishReason open_reason) const;

  const BeamOptions options_;
  const std::vector<Token> ends_;
  const uint32_t logprobs_;
  const uint32_t max_steps_;
  uint32_t steps_ = 0;
  std::vector<Node> nodes_;
  std::vector<Hypothesis> open_;   // best first
  std::vector<Hypothesis> whole_;  // best score first
};

}  // namespace codellama
