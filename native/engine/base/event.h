// Events that the engine reports. The engine hands over all events of one step together.
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
  uint32_t cached_tokens = 0;  // prompt tokens that were already in the KV cache
  uint32_t completion_tokens = 0;
  uint32_t draft_tokens = 0;     // guesses that the model verified, and forced tokens
  uint32_t accepted_tokens = 0;  // those that became part of the completion: steps that were saved
};

struct Timings {
  double queued_ms = 0;   // from submission to the first step with the request
  double prefill_ms = 0;  // from that step to the first new token
  double decode_ms = 0;   // from the first new token to the end
};

// Progress of loading, from 0 to 1.
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
  std::string text;   // the token's bytes, which may be part of a character
  float logprob = 0;  // natural logarithm
};

// A token and its likeliest alternatives, the likeliest first.
struct TokenLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;
};

// Log-probabilities of the next tokens of the prompt. They begin with its second token.
struct PromptScored {
  RequestId id = 0;
  std::vector<TokenLogprobs> logprobs;
};

// Pooled hidden states of a request's prompt, not normalized.
struct Embedded {
  RequestId id = 0;
  std::vector<float> embedding;
};

// KV cells of a request's prompt as bytes, for Engine::AddPrompt().
struct PromptState {
  RequestId id = 0;
  std::shared_ptr<std::vector<uint8_t>> state;  // shared, because it may have gigabytes
};

// New tokens of a request and the text that is certain: whole UTF-8 characters without any part of
// a stop string. The text is empty while a character or a possible stop string is incomplete.
struct TextDelta {
  RequestId id = 0;
  std::string text;
  std::vector<Token> tokens;
  std::vector<TokenLogprobs> logprobs;  // one per token if Request::logprobs is set
};

// One text that a beam search found.
struct BeamAnswer {
  FinishReason reason = FinishReason::kStop;
  std::string stop_string;  // the stop string that matched, else empty
  std::string text;
  std::vector<Token> tokens;
  std::vector<TokenLogprobs> logprobs;  // one per token
};

struct Finished {
  RequestId id = 0;
  FinishReason reason = FinishReason::kStop;
  std::string stop_string;  // the stop string that matched, else empty
  Usage usage;
  Timings timings;
  std::vector<BeamAnswer> beams;  // best first; empty unless the request has beams
};

struct Failed {
  RequestId id = 0;
  ErrorCode code = ErrorCode::kBackendFailed;
  std::string message;
};

// The last event: the engine thread has freed everything.
struct Closed {
  std::optional<Error> failure;  // the error that stopped the engine; empty after Close()
};

using Event = std::variant<LoadProgress, Loaded, LoadFailed, PromptScored, Embedded, PromptState,
                           TextDelta, Finished, Failed, Closed>;
using Events = std::vector<Event>;

}  // namespace codellama
