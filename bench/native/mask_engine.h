// What schema_bench measures: an engine that compiles a JSON schema and computes token masks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/llama/model.h"

namespace codellama {

class MaskEngine {
 public:
  virtual ~MaskEngine() = default;
  // Compiles a schema and goes to the start of a text. Throws std::exception if it cannot.
  virtual void Compile(std::string_view schema) = 0;
  // Goes back to the start of a text. Keeps what is known of the schema.
  virtual void Restart() = 0;
  // Computes the mask of all tokens that may come next.
  virtual void ComputeMask() = 0;
  // Appends a token. Returns false if the token may not come next.
  virtual bool Accept(Token token) = 0;
  // Whether the text may end here.
  virtual bool MayEnd() = 0;
};

// The engine of this library. The model must outlive it.
std::unique_ptr<MaskEngine> MakeOurEngine(const Model& model);
// llama.cpp: its converter to GBNF, and its grammar sampler. The model must outlive it.
std::unique_ptr<MaskEngine> MakeLlamaEngine(const Model& model);

}  // namespace codellama
