#include "engine/llama/model.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/machine.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/tensor_type.h"
#include "engine/llama/assertion_guard.h"
#include "engine/llama/backend.h"
#include "engine/llama/llama_vocabulary.h"
#include "llama.h"

namespace codellama {

namespace {

std::string Megabytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

Error LoadError(const std::string& path, const std::string& log) {
  if (log.find("unknown model architecture") != std::string::npos) {
    return Error(ErrorCode::kModelUnsupported,
                 path + ": llama.cpp does not know this model's architecture\n" + log);
  }
  if (ReportsLackOfMemory(log)) {
    return Error(ErrorCode::kOutOfMemory, path + ": not enough memory to load it\n" + log);
  }
  return Error(ErrorCode::kModelInvalid, path + ": llama.cpp cannot load it\n" + log);
}

llama_load_mode LoadMode(const ModelOptions& options) {
  if (options.use_mmap) {
    return options.use_mlock ? LLAMA_LOAD_MODE_MMAP_MLOCK : LLAMA_LOAD_MODE_AUTO;
  }
  return options.use_mlock ? LLAMA_LOAD_MODE_MLOCK : LLAMA_LOAD_MODE_NONE;
}

// Without mmap the weights use memory at once. If memory is short, the kernel would end the
// process.
void CheckMemory(const ModelOptions& options, uint64_t weights) {
  if (options.use_mmap || options.vocabulary_only) return;
  const auto available = AvailableMemory();
  if (!available || weights <= *available) return;
  throw Error(ErrorCode::kOutOfMemory, options.path + ": the weights need " + Megabytes(weights) +
                                           ", but only " + Megabytes(*available) +
                                           " of memory are free; useMmap: true needs less");
}

// The rearranged weights need memory besides the mapped file, which should stay in the page cache.
bool HasRoomToRepack(uint64_t weights) {
  const auto available = AvailableMemory();
  return !available || *available / 2 >= weights;
}

void RequireCausalDecoder(llama_model* model, const std::string& path) {
  const char* kind = !llama_model_has_decoder(model)   ? "an encoder"
                     : llama_model_has_encoder(model)  ? "an encoder with a decoder"
                     : llama_model_is_diffusion(model) ? "a diffusion model"
                                                       : nullptr;
  if (kind == nullptr) return;
  throw Error(ErrorCode::kModelUnsupported,
              path + ": this is " + kind + "; only models that continue a text are supported");
}

}  // namespace

void Model::Free::operator()(llama_model* model) const { llama_model_free(model); }

std::shared_ptr<const Model> Model::Load(const ModelOptions& options, const ContextOptions& context,
                                         const LoadProgressCallback& progress) {
  const GgufFile file = ReadGguf(options.path);
  if (options.vocabulary_only) {
    CheckVocabularyOnly(file, options.path);
  } else {
    CheckModel(file, options.path);
  }
  CheckMemory(options, file.file_size);

  struct Progress {
    const LoadProgressCallback& callback;
    bool cancelled = false;
  } state{progress};
  const auto layers = file.Integer(file.ArchitectureKey("block_count"));
  auto placement = GuardAssertions(options.path, [&] {
    return std::make_unique<Placement>(options, context, static_cast<int32_t>(layers.value_or(0)));
  });
  llama_model_params params = llama_model_default_params();
  placement->Apply(&params);
  params.load_mode = LoadMode(options);
  params.vocab_only = options.vocabulary_only;
  params.use_extra_bufts = options.repack.value_or(HasRoomToRepack(file.file_size));
  params.progress_callback_user_data = &state;
  params.progress_callback = [](float fraction, void* data) {
    auto* loading = static_cast<Progress*>(data);
    loading->cancelled = loading->cancelled || !loading->callback(fraction);
    return !loading->cancelled;
  };

  std::shared_ptr<Model> model(new Model());
  model->path_ = options.path;
  model->vocabulary_only_ = options.vocabulary_only;
  model->position_limit_ = file.PositionLimit();
  model->placement_ = std::move(placement);
  LogCapture log;
  model->model_.reset(GuardAssertions(
      options.path, [&] { return llama_model_load_from_file(options.path.c_str(), params); }));
  if (state.cancelled) throw Error(ErrorCode::kAborted, "loading was cancelled");
  if (!model->model_) throw LoadError(options.path, log.text());

  const llama_vocab* vocabulary = llama_model_get_vocab(model->get());
  if (llama_vocab_type(vocabulary) == LLAMA_VOCAB_TYPE_NONE) {
    throw Error(ErrorCode::kModelUnsupported, options.path + ": the file has no tokenizer");
  }
  // llama.cpp's default for WordPiece vocabularies. Other vocabularies do not need the token.
  const Token default_unknown =
      llama_vocab_type(vocabulary) == LLAMA_VOCAB_TYPE_WPM ? 100 : kNoToken;
  model->tokenizer_ = std::make_unique<Tokenizer>(std::make_unique<LlamaVocabulary>(
      vocabulary,
      model->MetadataNumber("tokenizer.ggml.unknown_token_id").value_or(default_unknown)));
  if (!options.vocabulary_only) RequireCausalDecoder(model->get(), options.path);
  model->ReadFacts();
  model->LoadAdapters(options.loras, file);
  return model;
}

void Model::LoadAdapters(const std::vector<LoraOptions>& loras, const GgufFile& model) {
  for (const LoraOptions& lora : loras) {
    const GgufFile adapter_file = ReadGguf(lora.path);
    CheckAdapter(adapter_file, lora.path);
    CheckAdapterFits(adapter_file, lora.path, model);
    LogCapture log;
    llama_adapter_lora* adapter = GuardAssertions(
        lora.path, [&] { return llama_adapter_lora_init(get(), lora.path.c_str()); });
    if (adapter == nullptr) {
      throw Error(ErrorCode::kModelInvalid,
                  lora.path + ": not a LoRA adapter for this model\n" + log.text());
    }
    adapters_.push_back(adapter);
    adapter_scales_.push_back(lora.scale);
  }
}

void Model::ReadFacts() {
  facts_.architecture = Metadata("general.architecture");
  facts_.name = Metadata("general.name");
  facts_.finetune = Metadata("general.finetune");
  const char* file_type =
      FileTypeName(MetadataNumber("general.file_type")
                       .value_or(llama_model_ftype(get()) & ~LLAMA_FTYPE_GUESSED));
  facts_.file_type = file_type == nullptr ? "unknown" : file_type;
  const char* chat_template = llama_model_chat_template(get(), nullptr);
  facts_.chat_template = chat_template == nullptr ? "" : chat_template;
  facts_.parameters = llama_model_n_params(get());
  facts_.size_bytes = llama_model_size(get());
  facts_.training_context = llama_model_n_ctx_train(get());
  facts_.embedding_length = llama_model_n_embd(get());
  facts_.layers = llama_model_n_layer(get());
  if (facts_.layers > 0) return;
  // For a vocabulary-only load llama.cpp does not read these facts, but the metadata has them.
  const std::string& prefix = facts_.architecture;
  facts_.training_context = MetadataNumber(prefix + ".context_length").value_or(0);
  facts_.embedding_length = MetadataNumber(prefix + ".embedding_length").value_or(0);
  facts_.layers = MetadataNumber(prefix + ".block_count").value_or(0);
}

std::optional<int32_t> Model::MetadataNumber(const std::string& key) const {
  const std::string text = Metadata(key);
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string Model::Metadata(const std::string& key) const {
  const int32_t length = llama_model_meta_val_str(get(), key.c_str(), nullptr, 0);
  if (length < 0) return "";
  std::string value(static_cast<size_t>(length) + 1, '\0');
  llama_model_meta_val_str(get(), key.c_str(), value.data(), value.size());
  value.pop_back();
  return value;
}

}  // namespace codellama
