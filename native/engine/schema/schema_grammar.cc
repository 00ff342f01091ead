#include "engine/schema/schema_grammar.h"

#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/compile_work.h"
#include "engine/schema/json_machine.h"
#include "engine/schema/schema_plan.h"

namespace codellama {

namespace {

class SchemaGrammar : public Grammar {
 public:
  SchemaGrammar(SchemaPlan plan, const SchemaOptions& options)
      : plan_(std::move(plan)), options_(options) {}

  std::unique_ptr<GrammarMachine> NewMachine() const override {
    return std::make_unique<JsonMachine>(plan_, options_.compact);
  }

 private:
  const SchemaPlan plan_;
  const SchemaOptions options_;
};

// Runs `compile` within the limit of the work, and names the option in its errors.
template <typename Compile>
auto Compiling(const std::atomic<bool>* stop, Compile&& compile) {
  const CompileWork work(stop);
  try {
    return compile();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidGrammar) throw;
    throw Error(error.code(), "jsonSchema: " + std::string(error.what()));
  }
}

}  // namespace

std::shared_ptr<const Grammar> CompileSchema(std::string_view json, const SchemaOptions& options,
                                             const std::atomic<bool>* stop) {
  return Compiling(stop, [&] {
    return std::make_shared<const SchemaGrammar>(PlanSchema(ParseJson(json)), options);
  });
}

LenientGrammar CompileLenientSchema(std::string_view json, const SchemaOptions& options,
                                    const std::atomic<bool>* stop) {
  return Compiling(stop, [&]() -> LenientGrammar {
    auto [plan, dropped] = PlanLenientSchema(ParseJson(json));
    return {std::make_shared<const SchemaGrammar>(std::move(plan), options), std::move(dropped)};
  });
}

}  // namespace codellama
