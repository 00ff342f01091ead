#include "engine/core/engine_parts.h"

#include <utility>

#include "engine/kv/separate_cells.h"
#include "engine/kv/shared_cells.h"
#include "engine/llama/flash_attention.h"

namespace codellama {

namespace {

std::unique_ptr<KvCells> LayOutCells(const Model& model, const ModelRunner& runner,
                                     const ContextOptions& options, PromptStore* store) {
  if (runner.separate()) {
    SeparateCellLimits limits;
    limits.slots = options.parallel;
    limits.cells = runner.sequence_cells();
    limits.cached_cells = options.prefix_cache_tokens.value_or(limits.cached_cells);
    return std::make_unique<SeparateCells>(limits, store);
  }
  SharedCellLimits limits;
  limits.slots = options.parallel;
  limits.cells = runner.cells();
  limits.cached_sequences = runner.cached_sequences();
  limits.cached_cells =
      options.prefix_cache_tokens.value_or(WantsFlashAttention(model, options) ? 4096 : 1024);
  return std::make_unique<SharedCells>(limits, store);
}

std::unique_ptr<DraftModel> LoadDraftModel(const Model& model, ModelOptions model_options,
                                           const ContextOptions& options, uint32_t cells,
                                           const std::atomic<bool>* closing,
                                           const std::atomic<bool>* abort) {
  if (model_options.draft_path.empty() || options.max_draft == 0) return nullptr;
  model_options.path = model_options.draft_path;
  model_options.loras.clear();
  ContextOptions draft_context = options;
  draft_context.context_size = cells;
  const auto go_on = [closing](float) { return !*closing; };
  return std::make_unique<DraftModel>(Model::Load(model_options, draft_context, go_on), model,
                                      options, cells, abort);
}

}  // namespace

EngineParts::EngineParts(const std::shared_ptr<const Model>& loaded,
                         const ModelOptions& model_options, const ContextOptions& options,
                         const std::atomic<bool>* closing, const std::atomic<bool>* abort)
    : model(loaded),
      runner(loaded, options, abort),
      prompts(options.prompt_cache_bytes),
      scheduler({.batch_tokens = runner.batch_size(), .extra_rows = options.ExtraRows()},
                LayOutCells(*loaded, runner, options, &prompts)),
      cells(&runner, &prompts),
      speculation(options,
                  LoadDraftModel(*loaded, model_options, options, runner.cells(), closing, abort)),
      grammars(&loaded->tokenizer()),
      chooser(ChooserWorkers(*loaded)) {}

uint32_t EngineParts::KindNumber(const std::vector<float>& lora_scales, bool embeddings) {
  return kinds.Number({lora_scales.empty() ? model->adapter_scales() : lora_scales, embeddings});
}

}  // namespace codellama
