#include "engine/core/active_request.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/sampling/logprobs.h"

namespace codellama {

namespace {

// Returns the request after a check of its prompt.
Request* Checked(Request* request, const Tokenizer& tokenizer, uint32_t context_size) {
  const std::vector<Token>& tokens = request->tokens;
  tokenizer.CheckTokens(tokens);
  if (tokens.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "prompt is empty; it must hold at least one token");
  }
  if (tokens.size() >= context_size) {
    throw Error(ErrorCode::kContextOverflow,
                "the prompt has " + std::to_string(tokens.size()) +
                    " tokens, but the context holds " + std::to_string(context_size) +
                    " and needs room for at least one new token; shorten the prompt or load with "
                    "a larger contextSize");
  }
  return request;
}

Sequence MakeSequence(Request* request) {
  Sequence sequence;
  sequence.id = request->id;
  sequence.priority = request->priority;
  sequence.max_tokens = request->max_tokens;
  sequence.group = request->group;
  sequence.all_outputs = (request->prompt_logprobs && !request->beams) || request->embedding;
  // The cells of an embedding request are of a kind that no other request can use.
  sequence.shares_cells = request->prefix_cache && !request->embedding;
  sequence.tokens = std::move(request->tokens);
  sequence.num_prompt = static_cast<uint32_t>(sequence.tokens.size());
  return sequence;
}

std::optional<Clock::time_point> Deadline(uint32_t timeout_ms, Clock::time_point submitted) {
  if (timeout_ms == 0) return std::nullopt;
  return submitted + std::chrono::milliseconds(timeout_ms);
}

double Milliseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

ActiveRequest::ActiveRequest(Request request, const Model& model, GrammarCache* grammars,
                             uint32_t context_size, Clock::time_point submitted)
    : completion_(Checked(&request, model.tokenizer(), context_size), model, grammars,
                  context_size),
      sequence_(MakeSequence(&request)),
      logprobs_(request.logprobs),
      wants_state_(request.prompt_state),
      submitted_(submitted),
      deadline_(Deadline(request.timeout_ms, submitted)) {
  if (request.embedding) {
    pool_.emplace(*request.embedding, static_cast<uint32_t>(model.facts().embedding_length));
  }
  if (request.beams) beams_.emplace(&request, model.tokenizer(), &sequence_, context_size);
}

void ActiveRequest::OnScheduled(Clock::time_point now) {
  if (!scheduled_) scheduled_ = now;
}

void ActiveRequest::OnLogitsReady(Clock::time_point now) {
  if (!first_token_) first_token_ = now;
}

PromptScored ActiveRequest::OnPromptLogits(uint32_t first, uint32_t count,
                                           const std::function<const float*(uint32_t)>& row,
                                           const Tokenizer& tokenizer) {
  PromptScored scored;
  scored.id = sequence_.id;
  // A preempted sequence computes its prompt again.
  const uint32_t begin = std::max(first, num_scored_);
  const uint32_t end = std::min(first + count, sequence_.num_prompt - 1);
  for (uint32_t i = begin; i < end; i++) {
    scored.logprobs.push_back(
        MeasureLogprobs(row(i - first), tokenizer, sequence_.tokens[i + 1], logprobs_.value_or(0)));
  }
  num_scored_ = std::max(num_scored_, end);
  return scored;
}

std::vector<Sequence*> ActiveRequest::sequences() {
  if (beams_) return beams_->sequences();
  return {&sequence_};
}

DraftTarget ActiveRequest::AsDraftTarget() {
  const bool is_stream = !beams_ && !sequence_.paused && sequence_.Decoding();
  const uint32_t longest = is_stream ? completion_.LongestDraft(sequence_) : 0;
  return {&sequence_, &drafter_, longest, completion_.forced()};
}

Finished ActiveRequest::Result(FinishReason reason, Clock::time_point now) const {
  Finished finished;
  finished.id = sequence_.id;
  finished.reason = reason;
  finished.stop_string = completion_.stop_string();
  finished.usage.prompt_tokens = sequence_.num_prompt;
  finished.usage.cached_tokens = sequence_.num_cached;
  finished.usage.completion_tokens = sequence_.CompletionTokens();
  finished.usage.draft_tokens = drafter_.draft_tokens();
  finished.usage.accepted_tokens = drafter_.accepted_tokens();
  if (beams_) {
    finished.beams = beams_->Answers(reason);
    const BeamAnswer& best = finished.beams.front();
    finished.reason = best.reason;
    finished.stop_string = best.stop_string;
    finished.usage.completion_tokens = static_cast<uint32_t>(best.tokens.size());
  }
  const Clock::time_point scheduled = scheduled_.value_or(now);
  const Clock::time_point first_token = first_token_.value_or(now);
  finished.timings.queued_ms = Milliseconds(submitted_, scheduled);
  finished.timings.prefill_ms = Milliseconds(scheduled, first_token);
  finished.timings.decode_ms = Milliseconds(first_token, now);
  return finished;
}

}  // namespace codellama
