// Spoils a GGUF file in one place, in every place and way there is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fuzz/gguf_mutations.h"
#include "support/gguf_writer.h"

namespace codellama::test {

// Each key that llama.cpp reads gets each number at the edges, and goes missing; each tensor gets
// each type, goes missing, and loses or gains a dimension.
void ForEveryChange(const GgufDraft& draft, const std::vector<std::string>& keys,
                    const std::function<void(const SpoiledFile&)>& use);

}  // namespace codellama::test
