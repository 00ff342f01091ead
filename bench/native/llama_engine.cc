#include <cmath>
#include <stdexcept>
#include <vector>

#include "json-schema-to-grammar.h"
#include "llama.h"
#include "mask_engine.h"

namespace codellama {

namespace {

class LlamaEngine : public MaskEngine {
 public:
  explicit LlamaEngine(const llama_vocab* vocabulary)
      : vocabulary_(vocabulary),
        tokens_(static_cast<size_t>(llama_vocab_n_tokens(vocabulary))),
        mask_{tokens_.data(), tokens_.size(), -1, false} {}

  void Compile(std::string_view schema) override {
    grammar_ = json_schema_to_grammar(common_json::parse(std::string(schema)), true);
    Restart();
  }

  void Restart() override {
    sampler_.reset(llama_sampler_init_grammar(vocabulary_, grammar_.c_str(), "root"));
    if (sampler_ == nullptr) throw std::runtime_error("the grammar is refused");
  }

  void ComputeMask() override {
    for (size_t i = 0; i < tokens_.size(); i++) tokens_[i] = {static_cast<Token>(i), 0, 0};
    mask_ = {tokens_.data(), tokens_.size(), -1, false};
    llama_sampler_apply(sampler_.get(), &mask_);
  }

  bool Accept(Token token) override {
    try {
      llama_sampler_accept(sampler_.get(), token);
      return true;
    } catch (const std::exception&) {  // no reading of the grammar is left
      return false;
    }
  }

  bool MayEnd() override {
    llama_token_data end = {llama_vocab_eos(vocabulary_), 0, 0};
    llama_token_data_array only_end = {&end, 1, -1, false};
    llama_sampler_apply(sampler_.get(), &only_end);
    return std::isfinite(end.logit);
  }

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
  };

  const llama_vocab* const vocabulary_;
  std::vector<llama_token_data> tokens_;
  llama_token_data_array mask_;
  std::string grammar_;
  std::unique_ptr<llama_sampler, Free> sampler_;
};

}  // namespace

std::unique_ptr<MaskEngine> MakeLlamaEngine(const Model& model) {
  return std::make_unique<LlamaEngine>(llama_model_get_vocab(model.get()));
}

}  // namespace codellama
