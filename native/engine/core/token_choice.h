// The next tokens of all sequences of a step, each chosen from its own logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <vector>

#include "engine/base/event.h"
#include "engine/core/active_request.h"
#include "engine/llama/model.h"
#include "engine/sampling/worker_pool.h"

namespace codellama {

// What is chosen for one sequence, and from what.
struct TokenChoice {
  ActiveRequest* request = nullptr;
  bool decoding = false;           // its step was one of a stream, and not of a prompt
  std::vector<const float*> rows;  // logits behind its last token, and behind each of its draft

  // Tokens as long as they are those of the draft, and one more.
  TextDelta delta;
  uint32_t accepted = 0;               // of the draft
  std::optional<FinishReason> reason;  // the request is complete
  std::exception_ptr failure;
};

class TokenChooser {
 public:
  TokenChooser(const Model& model, uint32_t workers)
      : tokenizer_(model.tokenizer()), workers_(workers) {}

  void Choose(std::vector<TokenChoice>* choices);

 private:
  void Choose(TokenChoice* choice) const;

  const Tokenizer& tokenizer_;
  WorkerPool workers_;
};

// While a GPU computes all layers the cores have nothing to do, and choosing for many sequences
// takes one of them as long as a good part of a step. Elsewhere they compute.
uint32_t ChoosingWorkers(const Model& model);

}  // namespace codellama
