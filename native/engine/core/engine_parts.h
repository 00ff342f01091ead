// What an engine is made of once its model is loaded, and how the parts hang together.
#pragma once

#include <atomic>
#include <memory>

#include "engine/base/options.h"
#include "engine/core/token_choice.h"
#include "engine/grammar/grammar_cache.h"
#include "engine/kv/prompt_store.h"
#include "engine/llama/cell_mover.h"
#include "engine/llama/model.h"
#include "engine/llama/model_runner.h"
#include "engine/schedule/batch_kind.h"
#include "engine/schedule/scheduler.h"
#include "engine/speculate/speculation.h"

namespace codellama {

struct EngineParts {
  // Loads the draft model, where there is one, until `closing` says otherwise. `abort` ends a
  // computation under way. Throws as Model::Load() and ModelRunner.
  EngineParts(const std::shared_ptr<const Model>& model, const ModelOptions& model_options,
              const ContextOptions& options, const std::atomic<bool>* closing,
              const std::atomic<bool>* abort);
  EngineParts(const EngineParts&) = delete;
  EngineParts& operator=(const EngineParts&) = delete;

  // The number of the kind of sequences with these adapters' scales; none are those of the load.
  // Throws kInvalidArgument.
  uint32_t KindNumber(const std::vector<float>& lora_scales, bool embeddings);

  const std::shared_ptr<const Model> model;
  ModelRunner runner;
  PromptStore prompts;
  Scheduler scheduler;
  CellMover cells;
  Speculation speculation;
  GrammarCache grammars;
  TokenChooser chooser;
  BatchKinds kinds;
};

}  // namespace codellama
