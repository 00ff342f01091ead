#include "engine/speculate/draft_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "engine/base/common_length.h"
#include "engine/base/error.h"
#include "engine/sampling/logprobs.h"

namespace codellama {

namespace {

// Least probability of a guess. Below it the guess is probably wrong, and so is the rest of the
// draft.
constexpr double kSure = 0.5;

// Weight of the newest measurement in the running mean.
constexpr double kWeight = 0.2;

std::shared_ptr<const Model> Checked(std::shared_ptr<const Model> model, const Model& target) {
  if (model->tokenizer().HasSameTokens(target.tokenizer())) return model;
  throw Error(ErrorCode::kModelUnsupported,
              "draftModel must have the vocabulary of the model: it has " +
                  std::to_string(model->tokenizer().size()) + " tokens and the model " +
                  std::to_string(target.tokenizer().size()) + ", or some tokens differ");
}

ContextOptions OptionsFor(ContextOptions options, uint32_t cells) {
  options.context_size = cells;
  options.kv_layout = KvLayout::kShared;
  options.max_draft = 0;
  options.prompt_cache_bytes = 0;
  options.rope = {};  // the caller's rope options concern the target model
  return options;
}

}  // namespace

DraftModel::DraftModel(std::shared_ptr<const Model> model, const Model& target,
                       const ContextOptions& options, uint32_t cells,
                       const std::atomic<bool>* abort)
    : model_(Checked(std::move(model), target)),
      runner_(model_, OptionsFor(options, cells), abort),
      slots_(options.parallel) {
  for (size_t slot = 0; slot < slots_.size(); slot++) slots_[slot].slot = static_cast<int>(slot);
}

Sequence* DraftModel::Follow(const Sequence& sequence) {
  Sequence* own = &slots_[static_cast<size_t>(sequence.slot)];
  const auto common = static_cast<uint32_t>(CommonLength(own->tokens, sequence.tokens));
  // The last token is always computed, because its logits are needed.
  const auto last = static_cast<uint32_t>(sequence.tokens.size()) - 1;
  own->num_computed = std::min({own->num_computed, common, last});
  if (!runner_.Truncate(own->slot, own->num_computed)) {
    runner_.Truncate(own->slot, 0);
    own->num_computed = 0;
  }
  own->tokens = sequence.tokens;
  return own;
}

void DraftModel::Draft(const std::vector<DraftWish>& wishes) {
  struct Work {
    Sequence* own;
    Sequence* sequence;
    uint32_t length;
  };
  std::vector<Work> work;
  for (const DraftWish& wish : wishes) {
    work.push_back({Follow(*wish.sequence), wish.sequence, wish.length});
  }
  const auto start = std::chrono::steady_clock::now();
  uint32_t drafted = 0;
  while (!work.empty()) {
    std::vector<Sequence*> sequences;
    for (const Work& each : work) sequences.push_back(each.own);
    if (!Compute(sequences)) return;
    std::vector<Work> unfinished;
    for (size_t i = 0; i < work.size(); i++) {
      const Work& each = work[i];
      const TokenLogprobs guess = MeasureLogprobs(logits_[i], model_->tokenizer(), 0, 1);
      const TokenLogprob& best = guess.top.front();
      if (best.logprob < std::log(kSure) || model_->tokenizer().IsEndOfGeneration(best.token)) {
        continue;
      }
      each.own->tokens.push_back(best.token);
      each.sequence->draft.push_back(best.token);
      drafted++;
      if (each.sequence->draft.size() < each.length) unfinished.push_back(each);
    }
    work = std::move(unfinished);
  }
  if (drafted == 0) return;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  const double each = passed.count() / drafted;
  seconds_per_token_ += (seconds_per_token_ == 0 ? 1 : kWeight) * (each - seconds_per_token_);
}

bool DraftModel::Compute(const std::vector<Sequence*>& sequences) {
  // First all tokens but the last of each sequence, in full batches. Then the last tokens of all
  // sequences in one batch, for their logits.
  while (true) {
    std::vector<ScheduledTokens> batch;
    uint32_t room = runner_.batch_size();
    for (Sequence* each : sequences) {
      const uint32_t count = std::min(each->Remaining() - 1, room);
      if (count == 0) continue;
      batch.push_back({each, each->num_computed, count, 0});
      room -= count;
    }
    if (batch.empty()) break;
    if (!Run(&batch)) return false;
  }
  std::vector<ScheduledTokens> last;
  for (Sequence* each : sequences) last.push_back({each, each->num_computed, 1, 0});
  if (!Run(&last)) return false;
  logits_.clear();
  for (size_t i = 0; i < sequences.size(); i++) logits_.push_back(runner_.Logits(i));
  return true;
}

bool DraftModel::Run(std::vector<ScheduledTokens>* batch) {
  RunStatus status = RunStatus::kNoRoom;
  try {
    status = runner_.Run(*batch);
  } catch (const Error&) {
    // Handled below, like an abort.
  }
  if (status == RunStatus::kDone) {
    for (ScheduledTokens& each : *batch) each.sequence->num_computed += each.count;
    return true;
  }
  runner_.Clear();
  for (Sequence& slot : slots_) slot.num_computed = 0;
  return false;
}

}  // namespace codellama
