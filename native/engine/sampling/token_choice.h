// The choice of the next tokens of all sequences of a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <vector>

#include "engine/base/event.h"
#include "engine/base/sequence.h"
#include "engine/llama/model.h"
#include "engine/sampling/completion.h"
#include "engine/sampling/worker_pool.h"

namespace codellama {

// Input and result of the choice for one sequence.
struct TokenChoice {
  Completion* completion = nullptr;
  Sequence* sequence = nullptr;
  bool is_decode = false;          // the step decoded the sequence; false = it ended the prefill
  std::vector<const float*> rows;  // logits after the last token and after each draft token

  // The new tokens with their text: accepted draft tokens, one more token, and forced tokens.
  TextDelta delta;
  uint32_t accepted = 0;               // number of accepted draft tokens
  uint32_t forced = 0;                 // number of forced tokens that no draft held
  std::optional<FinishReason> reason;  // present when the completion ended
  std::exception_ptr failure;          // null without a failure
};

class TokenChooser {
 public:
  explicit TokenChooser(uint32_t workers) : workers_(workers) {}

  // Chooses the tokens of all sequences. The order of `choices` may change.
  void Choose(std::vector<TokenChoice>* choices);

 private:
  WorkerPool workers_;
};

// Number of worker threads for the choice of tokens. While a GPU computes all layers the CPU cores
// are idle, and one core would need a good part of a step for many sequences. 0 if the CPU computes
// layers, because then its cores are busy.
uint32_t ChooserWorkers(const Model& model);

}  // namespace codellama
