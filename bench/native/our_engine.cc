#include "engine/grammar/grammar_automaton.h"
#include "engine/schema/schema_grammar.h"
#include "mask_engine.h"

namespace codellama {

namespace {

class OurEngine : public MaskEngine {
 public:
  explicit OurEngine(const Tokenizer& tokenizer)
      : tokenizer_(tokenizer),
        tries_(std::make_shared<TokenTries>(tokenizer.SortedPieces(), tokenizer.size())) {}

  void Compile(std::string_view schema) override {
    automaton_ = std::make_unique<GrammarAutomaton>(CompileSchema(schema, {}), tries_);
    Restart();
  }

  void Restart() override {
    text_.clear();
    Begin();
    state_ = automaton_->start();
  }

  void ComputeMask() override {
    Begin();
    automaton_->AllowedTokens(state_);
  }

  bool Accept(Token token) override {
    Begin();
    const std::string piece = tokenizer_.Piece(token);
    state_ = automaton_->Next(state_, piece);
    text_ += piece;
    return state_ != GrammarAutomaton::kDead;
  }

  bool MayEnd() override { return automaton_->IsComplete(state_); }

 private:
  // Starts a query. The automaton may have dropped its states.
  void Begin() {
    automaton_->BeginQuery();
    if (epoch_ == automaton_->epoch()) return;
    epoch_ = automaton_->epoch();
    state_ = automaton_->Replay(text_);
  }

  const Tokenizer& tokenizer_;
  const std::shared_ptr<const TokenTries> tries_;
  std::unique_ptr<GrammarAutomaton> automaton_;
  std::string text_;
  GrammarAutomaton::State state_ = GrammarAutomaton::kDead;
  uint32_t epoch_ = 0;  // epoch of the automaton in which `state_` is valid
};

}  // namespace

std::unique_ptr<MaskEngine> MakeOurEngine(const Model& model) {
  return std::make_unique<OurEngine>(model.tokenizer());
}

}  // namespace codellama
