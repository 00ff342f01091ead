// Small models of all architectures that llama.cpp can run, made by llama.cpp's own test.
#pragma once

#include <string>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

// Writes the models of architectures whose names match the regular expression into the folder. "" =
// all architectures, which take 900 MB. Takes seconds.
void WriteArchitectureModels(const std::string& folder, const std::string& pattern);

// The names of all architectures.
std::vector<std::string> ArchitectureNames();

// The keys of one architecture that llama.cpp knows, and the keys of all architectures.
std::vector<std::string> MetadataKeys(const std::string& architecture);

// Reads a model file as a draft.
GgufDraft ReadDraft(const std::string& path);

}  // namespace codellama::test
