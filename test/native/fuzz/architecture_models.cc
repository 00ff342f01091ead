#include "fuzz/architecture_models.h"

#include <cstdarg>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <utility>

#include "engine/gguf/gguf_file.h"

#define main llama_cpp_test_main
#include "tests/test-llama-archs.cpp"
#undef main

// The test uses this function of llama.cpp's common library, which is not built here.
void common_init() {}
common_log* common_log_main() { return nullptr; }
void common_log_flush(common_log*) {}
void common_log_add(common_log*, ggml_log_level, const char*, ...) {}
int common_log_get_verbosity(ggml_log_level) { return 1; }
int common_log_get_verbosity_thold() { return 0; }
void common_log_set_verbosity_thold(int) {}
void common_batch_add(llama_batch&, llama_token, llama_pos, const std::vector<llama_seq_id>&,
                      bool) {}

namespace codellama::test {
namespace {

std::string ReadFile(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(bytes).str();
}

DraftEntry Entry(const GgufEntry& entry) {
  const GgufValue& value = entry.value;
  DraftEntry draft{
      entry.key, static_cast<uint32_t>(value.type()), value.is_array(), {}, std::nullopt};
  for (size_t i = 0; i < value.size(); ++i) {
    if (value.type() == GgufType::kString) {
      draft.elements.emplace_back(value.StringAt(i));
    } else if (value.type() == GgufType::kFloat32) {
      draft.elements.push_back(BytesOf(static_cast<float>(value.NumberAt(i))));
    } else if (value.type() == GgufType::kFloat64) {
      draft.elements.push_back(BytesOf(value.NumberAt(i)));
    } else {
      draft.elements.push_back(BytesOf(value.IntegerAt(i)).substr(0, GgufTypeSize(value.type())));
    }
  }
  return draft;
}

// Architectures that llama.cpp's test skips, because they fail on some GPUs or take long.
constexpr llm_arch kMoreArchitectures[] = {LLM_ARCH_RWKV6, LLM_ARCH_RWKV7, LLM_ARCH_ARWKV7};

void WriteMoreModels(const std::string& folder, const std::string& pattern) {
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_model_params model_params = llama_model_default_params();
  model_params.n_gpu_layers = 0;
  tensor_data_params tensor_params = {1, 0.1F};
  for (const llm_arch architecture : kMoreArchitectures) {
    if (!arch_matches(pattern, architecture)) continue;
    const gguf_context_ptr metadata = get_gguf_ctx(architecture, false);
    const bool has_qwen_feed_forward = architecture == LLM_ARCH_ARWKV7;
    llama_model_saver saver(architecture, metadata.get());
    saver.add_kv(LLM_KV_TOKEN_SHIFT_COUNT, uint32_t{has_qwen_feed_forward ? 1U : 2U});
    for (const llm_kv key :
         {LLM_KV_ATTENTION_DECAY_LORA_RANK, LLM_KV_ATTENTION_ICLR_LORA_RANK,
          LLM_KV_ATTENTION_VALUE_RESIDUAL_MIX_LORA_RANK, LLM_KV_ATTENTION_GATE_LORA_RANK}) {
      saver.add_kv(key, uint32_t{32});
    }
    const llama_model_ptr model(
        llama_model_init_from_user(metadata.get(), set_tensor_data, &tensor_params, model_params));
    if (!model) continue;
    llama_model_save_to_file(model.get(),
                             (folder + "/" + llm_arch_name(architecture) + "-dense.gguf").c_str());
  }
}

}  // namespace

void WriteArchitectureModels(const std::string& folder, const std::string& pattern) {
  save_models(pattern, 1, 0.1F, 0, folder);
  WriteMoreModels(folder, pattern);
}

std::vector<std::string> ArchitectureNames() {
  std::vector<std::string> names;
  for (const llm_arch architecture : llm_arch_all()) {
    if (arch_supported(architecture)) names.emplace_back(llm_arch_name(architecture));
  }
  for (const llm_arch architecture : kMoreArchitectures) {
    names.emplace_back(llm_arch_name(architecture));
  }
  return names;
}

std::vector<std::string> MetadataKeys(const std::string& architecture) {
  const LLM_KV name(llm_arch_from_string(architecture));
  std::vector<std::string> keys;
  try {
    for (int key = 0;; ++key) keys.push_back(name(static_cast<llm_kv>(key)));
  } catch (const std::out_of_range&) {
    return keys;
  }
}

GgufDraft ReadDraft(const std::string& path) {
  const GgufFile file = ReadGguf(path);
  const std::string bytes = ReadFile(path);
  GgufDraft draft;
  for (const GgufEntry& entry : file.metadata) draft.entries.push_back(Entry(entry));
  for (const GgufTensor& tensor : file.tensors) {
    draft.tensors.push_back({tensor.name, tensor.dimensions, tensor.type,
                             bytes.substr(file.data_offset + tensor.offset, tensor.size_bytes),
                             std::nullopt});
  }
  return draft;
}

}  // namespace codellama::test
