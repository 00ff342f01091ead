#include "fuzz/gguf_trial.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "engine/base/error.h"
#include "engine/gguf/gguf_file.h"
#include "engine/llama/assertion_guard.h"
#include "llama.h"

namespace codellama::test {
namespace {

constexpr char kText[] = " def fibonacci(n):\n    return \xE2\x98\xBA 'x' <PRE> 42\t\n";

struct Free {
  void operator()(llama_model* model) const { llama_model_free(model); }
  void operator()(llama_context* context) const { llama_free(context); }
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};

std::vector<llama_token> Tokenize(const llama_vocab* vocabulary, bool add_special) {
  std::vector<llama_token> tokens(512);
  const int32_t count =
      llama_tokenize(vocabulary, kText, sizeof(kText) - 1, tokens.data(),
                     static_cast<int32_t>(tokens.size()), add_special, add_special);
  tokens.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return tokens;
}

void UseVocabulary(const llama_vocab* vocabulary) {
  const std::vector<llama_token> tokens = Tokenize(vocabulary, false);
  Tokenize(vocabulary, true);
  std::vector<char> text(4096);
  llama_detokenize(vocabulary, tokens.data(), static_cast<int32_t>(tokens.size()), text.data(),
                   static_cast<int32_t>(text.size()), true, true);
  for (llama_token id = 0; id < llama_vocab_n_tokens(vocabulary); ++id) {
    llama_token_to_piece(vocabulary, id, text.data(), static_cast<int32_t>(text.size()), 0, true);
    llama_vocab_is_eog(vocabulary, id);
    llama_vocab_is_control(vocabulary, id);
  }
}

std::unique_ptr<llama_sampler, Free> MakeSampler(int32_t vocabulary_size) {
  std::unique_ptr<llama_sampler, Free> chain(
      llama_sampler_chain_init(llama_sampler_chain_default_params()));
  llama_sampler_chain_add(chain.get(),
                          llama_sampler_init_penalties(vocabulary_size, 16, 1.1F, 0.1F, 0.1F));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_top_k(40));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_typical(0.9F, 1));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(0.95F, 1));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_min_p(0.05F, 1));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(0.8F));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_dist(1));
  return chain;
}

void Generate(llama_context* context, const llama_vocab* vocabulary) {
  const llama_token size = llama_vocab_n_tokens(vocabulary);
  std::vector<llama_token> tokens;
  for (llama_token i = 0; i < 32; ++i) tokens.push_back(i * 7 % size);
  const auto sampler = MakeSampler(size);
  llama_batch batch = llama_batch_get_one(tokens.data(), static_cast<int32_t>(tokens.size()));
  for (int step = 0; step < 4; ++step) {
    if (llama_decode(context, batch) != 0) return;
    tokens.assign(1, llama_sampler_sample(sampler.get(), context, -1));
    batch = llama_batch_get_one(tokens.data(), 1);
  }
}

TrialOutcome LoadAndRun(const std::string& path, const TrialOptions& options) {
  llama_model_params model_params = llama_model_default_params();
  model_params.n_gpu_layers = 0;
  model_params.load_mode = options.use_mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
  model_params.vocab_only = options.vocabulary_only;
  const std::unique_ptr<llama_model, Free> model(GuardAssertions(
      path, [&] { return llama_model_load_from_file(path.c_str(), model_params); }));
  if (!model) return TrialOutcome::kNotLoaded;
  const llama_vocab* vocabulary = llama_model_get_vocab(model.get());
  TrialOutcome outcome = TrialOutcome::kRan;
  try {
    UseVocabulary(vocabulary);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "threw %s\n", error.what());
    outcome = TrialOutcome::kThrew;
  }
  if (options.vocabulary_only) return outcome;
  // Like Model::Load().
  if (!llama_model_has_decoder(model.get()) || llama_model_has_encoder(model.get()) ||
      llama_model_is_diffusion(model.get())) {
    return TrialOutcome::kGeneratesNothing;
  }

  llama_context_params context_params = llama_context_default_params();
  context_params.n_ctx = 256;
  context_params.n_batch = 64;
  context_params.n_ubatch = 64;
  context_params.n_seq_max = 4;
  context_params.kv_unified = true;
  context_params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  context_params.n_threads = 1;
  context_params.n_threads_batch = 1;
  const std::unique_ptr<llama_context, Free> context(
      GuardAssertions(path, [&] { return llama_init_from_model(model.get(), context_params); }));
  if (!context) return TrialOutcome::kNoContext;
  if (!options.adapter.empty()) {
    llama_adapter_lora* adapter = GuardAssertions(options.adapter, [&] {
      return llama_adapter_lora_init(model.get(), options.adapter.c_str());
    });
    if (!adapter) return TrialOutcome::kNotLoaded;
    float scale = 1;
    llama_set_adapters_lora(context.get(), &adapter, 1, &scale);
  }
  Generate(context.get(), vocabulary);
  return outcome;
}

void Check(const std::string& path, const TrialOptions& options) {
  const GgufFile file = ReadGguf(path);
  if (options.vocabulary_only) return CheckVocabularyOnly(file, path);
  CheckModel(file, path);
  if (options.adapter.empty()) return;
  const GgufFile adapter = ReadGguf(options.adapter);
  CheckAdapter(adapter, options.adapter);
  CheckAdapterFits(adapter, options.adapter, file);
}

}  // namespace

TrialOutcome RunTrial(const std::string& path, const TrialOptions& options) {
  try {
    if (options.has_checks) {
      Check(path, options);
      InstallAssertionHandler();
    }
    return LoadAndRun(path, options);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    const bool is_assertion = std::strstr(error.what(), "llama.cpp cannot run it") != nullptr;
    return is_assertion ? TrialOutcome::kAsserted : TrialOutcome::kRefused;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "threw %s\n", error.what());
    return TrialOutcome::kThrew;
  }
}

}  // namespace codellama::test
