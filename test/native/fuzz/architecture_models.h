// A small model of every architecture that llama.cpp can run, made by llama.cpp's own test.
#pragma once

#include <string>
#include <vector>

#include "support/gguf_writer.h"

namespace codellama::test {

// Writes the models of the architectures whose name matches the regular expression, all of them for
// "", into the folder. It takes seconds and, for all, 900 MB.
void WriteArchitectureModels(const std::string& folder, const std::string& pattern);

// The names of all architectures.
std::vector<std::string> ArchitectureNames();

// The keys that llama.cpp knows for an architecture, and those for any.
std::vector<std::string> MetadataKeys(const std::string& architecture);

// The model in this file, to be changed.
GgufDraft ReadDraft(const std::string& path);

}  // namespace codellama::test
