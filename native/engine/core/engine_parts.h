// The parts of an engine with a loaded model.
#pragma once

#include <atomic>
#include <memory>

#include "engine/base/options.h"
#include "engine/grammar/grammar_cache.h"
#include "engine/kv/prompt_store.h"
#include "engine/llama/cell_mover.h"
#include "engine/llama/model.h"
#include "engine/llama/model_runner.h"
#include "engine/sampling/token_choice.h"
#include "engine/schedule/batch_kind.h"
#include "engine/schedule/scheduler.h"
#include "engine/speculate/speculation.h"

namespace codellama {

struct EngineParts {
  // Makes the context and loads the draft model, if the options name one. `closing` ends the load,
  // and `abort` ends a computation. Throws as Model::Load() and ModelRunner do.
  EngineParts(const std::shared_ptr<const Model>& model, const ModelOptions& model_options,
              const ContextOptions& options, const std::atomic<bool>* closing,
              const std::atomic<bool>* abort);
  EngineParts(const EngineParts&) = delete;
  EngineParts& operator=(const EngineParts&) = delete;

  // Number of the kind of sequences with these LoRA scales; empty = the scales of the load. Throws
  // kInvalidArgument.
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
