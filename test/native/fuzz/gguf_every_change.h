// Makes all single changes of a GGUF file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fuzz/gguf_mutations.h"
#include "support/gguf_writer.h"

namespace codellama::test {

// For each key that llama.cpp reads: every extreme number, and no key. For each tensor: every type,
// no tensor, one dimension less and one dimension more.
void ForEveryChange(const GgufDraft& draft, const std::vector<std::string>& keys,
                    const std::function<void(const MutatedFile&)>& use);

}  // namespace codellama::test
