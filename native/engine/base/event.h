// What the engine reports. Events of one step are handed over together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/options.h"

namespace codellama {

enum class FinishReason { kStop, kLength, kRepetition, kTimeout, kAbort };

struct Usage {
  uint32_t prompt_tokens = 0;
  uint32_t cached_tokens = 0;  // of the prompt, taken from the KV cache instead of computed
  uint32_t completion_tokens = 0;
  uint32_t draft_tokens = 0;     // guessed, and verified by the model
  uint32_t accepted_tokens = 0;  // of these, part of the completion
};

struct Timings {
  double queued_ms = 0;   // from submit to the first prompt token computed
  double prefill_ms = 0;  // from there to the first new token
  double decode_ms = 0;   // from there to the end
};

// A part of the loading is done.
struct LoadProgress {
  float fraction = 0;
};

struct Loaded {};

struct LoadFailed {
  ErrorCode code = ErrorCode::kBackendFailed;
  std::string message;
};

struct TokenLogprob {
  Token token = 0;
  std::string text;   // its bytes; they need not be whole characters
  float logprob = 0;  // natural logarithm
};

// A token, and the likeliest ones in its place.
struct TokenLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;
};

// More of the prompt is computed: how likely its tokens were, from the second on.
struct PromptScored {
  RequestId id = 0;
  std::vector<TokenLogprobs> logprobs;
};

// The pooled hidden states of a request's prompt, as they are: not normalized.
struct Embedded {
  RequestId id = 0;
  std::vector<float> embedding;
};

// The KV cells of a request's prompt as bytes; see PromptStore.
struct PromptState {
  RequestId id = 0;
  std::shared_ptr<std::vector<uint8_t>> state;  // may be gigabytes, and is not copied
};

// New text of a request: whole UTF-8 characters, free of stop strings. It may be empty while
// a character or a possible stop string is incomplete; the tokens are reported all the same.
struct TextDelta {
  RequestId id = 0;
  std::string text;
  std::vector<Token> tokens;
  std::vector<TokenLogprobs> logprobs;  // of each token, where they are asked for
};

struct Finished {
  RequestId id = 0;
  FinishReason reason = FinishReason::kStop;
  std::string stop_string;  // the one that matched, else empty
  Usage usage;
  Timings timings;
};

struct Failed {
  RequestId id = 0;
  ErrorCode code = ErrorCode::kBackendFailed;
  std::string message;
};

// The engine thread has freed everything and sends no more.
struct Closed {
  std::optional<Error> failure;  // what stopped the engine, unless it was closed
};

using Event = std::variant<LoadProgress, Loaded, LoadFailed, PromptScored, Embedded, PromptState,
                           TextDelta, Finished, Failed, Closed>;
using Events = std::vector<Event>;

}  // namespace codellama
