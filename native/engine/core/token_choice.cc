#include "engine/core/token_choice.h"

#include <algorithm>

#include "engine/base/machine.h"

namespace codellama {

namespace {

// Fewer are chosen before another thread has woken.
constexpr size_t kWorthSharing = 8;

constexpr int32_t kMostWorkers = 7;

}  // namespace

void TokenChooser::Choose(std::vector<TokenChoice>* choices) {
  // Grammars share what they have found out, without a lock.
  const auto shared = std::partition(choices->begin(), choices->end(),
                                     [](const auto& each) { return !each.request->has_grammar(); });
  const auto count = static_cast<size_t>(shared - choices->begin());
  const auto choose = [&](size_t i) { Choose(&(*choices)[i]); };
  if (count >= kWorthSharing) {
    workers_.ForEach(count, choose);
  } else {
    for (size_t i = 0; i < count; i++) choose(i);
  }
  for (size_t i = count; i < choices->size(); i++) choose(i);
}

void TokenChooser::Choose(TokenChoice* choice) const {
  const Sequence& sequence = *choice->request->sequence();
  choice->delta.id = sequence.id;
  try {
    while (true) {
      const float* logits = choice->rows[choice->accepted];
      choice->reason = choice->request->OnLogits(logits, tokenizer_, &choice->delta);
      if (choice->reason || choice->accepted + 1 == choice->rows.size() ||
          sequence.tokens.back() != sequence.draft[choice->accepted]) {
        return;
      }
      choice->accepted++;
    }
  } catch (...) {
    choice->failure = std::current_exception();
  }
}

uint32_t ChoosingWorkers(const Model& model) {
  const int32_t on_gpu = model.placement().gpu_layers();
  if (on_gpu == 0 || on_gpu < model.facts().layers) return 0;
  return static_cast<uint32_t>(std::min(UsableCores() - 1, kMostWorkers));
}

}  // namespace codellama
