#include "engine/sampling/token_choice.h"

#include <algorithm>

#include "engine/base/machine.h"

namespace codellama {

namespace {

// Fewest sequences to share among threads. Fewer are done before another thread has woken.
constexpr size_t kWorthSharing = 8;

constexpr int32_t kMostWorkers = 7;

// Appends the tokens that the next row of logits gives. Returns whether the draft holds all of
// them, so that the row after them can be used.
bool TakeRow(TokenChoice* choice) {
  const std::vector<Token>& tokens = choice->sequence->tokens;
  size_t at = tokens.size();
  const size_t drafted = choice->rows.size() - 1;
  choice->reason = choice->completion->OnLogits(choice->rows[choice->accepted], choice->sequence,
                                                &choice->delta);
  while (at < tokens.size() && choice->accepted < drafted &&
         tokens[at] == choice->sequence->draft[choice->accepted]) {
    choice->accepted++;
    at++;
  }
  if (at < tokens.size()) choice->forced = static_cast<uint32_t>(tokens.size() - at - 1);
  return !choice->reason && at == tokens.size();
}

void ChooseOne(TokenChoice* choice) {
  choice->delta.id = choice->sequence->id;
  try {
    while (TakeRow(choice)) {
    }
  } catch (...) {
    choice->failure = std::current_exception();
  }
}

}  // namespace

void TokenChooser::Choose(std::vector<TokenChoice>* choices) {
  // Sequences with the same grammar share an automaton without a lock, so one thread serves them.
  const auto with_grammar = std::partition(choices->begin(), choices->end(), [](const auto& each) {
    return !each.completion->has_grammar();
  });
  const auto count = static_cast<size_t>(with_grammar - choices->begin());
  const auto choose = [&](size_t i) { ChooseOne(&(*choices)[i]); };
  if (count >= kWorthSharing) {
    workers_.ForEach(count, choose);
  } else {
    for (size_t i = 0; i < count; i++) choose(i);
  }
  for (size_t i = count; i < choices->size(); i++) choose(i);
}

uint32_t ChooserWorkers(const Model& model) {
  const int32_t on_gpu = model.placement().gpu_layers();
  if (on_gpu == 0 || on_gpu < model.facts().layers) return 0;
  return static_cast<uint32_t>(std::min(UsableCores() - 1, kMostWorkers));
}

}  // namespace codellama
