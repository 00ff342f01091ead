// A loaded model: weights, vocabulary and facts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/options.h"
#include "engine/llama/placement.h"
#include "engine/text/tokenizer.h"

struct llama_adapter_lora;
struct llama_model;

namespace codellama {

struct GgufFile;

struct ModelFacts {
  std::string architecture;
  std::string name;
  std::string finetune;   // fine-tuning that the file names, such as "Instruct"
  std::string file_type;  // such as "Q4_K_M"
  std::string chat_template;
  uint64_t parameters = 0;
  uint64_t size_bytes = 0;
  int32_t training_context = 0;
  int32_t embedding_length = 0;
  int32_t layers = 0;
};

// Called with the fraction loaded, 0 to 1. Loading stops when it returns false.
using LoadProgressCallback = std::function<bool(float)>;

class Model {
 public:
  // Checks the file and loads it. Call InitializeBackends() first. `context`: options of the
  // context that will be made; they decide what fits beside the weights. Throws kModelNotFound,
  // kModelInvalid, kModelUnsupported, kOutOfMemory, and kAborted if `progress` returned false.
  static std::shared_ptr<const Model> Load(const ModelOptions& options,
                                           const ContextOptions& context,
                                           const LoadProgressCallback& progress);

  const std::string& path() const { return path_; }
  const ModelFacts& facts() const { return facts_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  bool vocabulary_only() const { return vocabulary_only_; }
  // Number of learned positions, beyond which llama.cpp aborts. Empty for other kinds of positions.
  std::optional<uint64_t> position_limit() const { return position_limit_; }
  const Placement& placement() const { return *placement_; }
  llama_model* get() const { return model_.get(); }

  // LoRA adapters and their scales, in load order.
  const std::vector<llama_adapter_lora*>& adapters() const { return adapters_; }
  const std::vector<float>& adapter_scales() const { return adapter_scales_; }

  // Metadata value of the GGUF file as text; empty if absent.
  std::string Metadata(const std::string& key) const;
  std::optional<int32_t> MetadataNumber(const std::string& key) const;

  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

 private:
  struct Free {
    void operator()(llama_model* model) const;
  };

  Model() = default;
  void LoadAdapters(const std::vector<LoraOptions>& loras, const GgufFile& model);
  void ReadFacts();

  std::string path_;
  std::unique_ptr<const Placement> placement_;  // before the model, which points into it
  std::unique_ptr<llama_model, Free> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ModelFacts facts_;
  std::vector<llama_adapter_lora*> adapters_;  // the model frees them
  std::vector<float> adapter_scales_;
  bool vocabulary_only_ = false;
  std::optional<uint64_t> position_limit_;
};

}  // namespace codellama
