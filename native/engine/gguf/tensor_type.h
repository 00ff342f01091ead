// The tensor types of GGUF files: their numbers, names and block sizes.
// Source: llama.cpp v0.5.0, ggml/include/ggml.h (enum ggml_type), ggml/src/ggml.c (type_traits),
// ggml/src/ggml-common.h (block sizes) and include/llama.h (enum llama_ftype).
#pragma once

#include <cstdint>

namespace codellama {

struct TensorType {
  uint32_t id;
  const char* name;      // "Q4_K"
  uint32_t block_size;   // elements in one block
  uint32_t block_bytes;  // bytes of one block
  bool is_weight;        // the CPU backend can multiply a matrix of this type
};

// The type with this number. Null when llama.cpp does not know it or no longer reads it.
const TensorType* FindTensorType(uint32_t id);

// The name of a general.file_type value, such as "Q4_K_M". Null when it is unknown.
const char* FileTypeName(int64_t file_type);

}  // namespace codellama
