# Graphs of many architectures use tensors that a file need not have. ggml reads through the null
# pointer then, which nothing can catch. Here each of its operations asserts that its operands are
# there; engine/assertion_guard.h makes an error of that.

set(required_tensors_source "${LLAMA_CPP_DIR}/ggml/src/ggml.c")
set(required_tensors_copy "${CMAKE_BINARY_DIR}/ggml/ggml.c")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${required_tensors_source}")
file(READ "${required_tensors_source}" text)
set(operation "\nstruct ggml_tensor [*] ggml_[a-z0-9_]+[(][^{;]*struct ggml_tensor +[*] +")
string(REGEX MATCHALL "${operation}a[,)][^{;]*{\n" operations "${text}")
list(LENGTH operations count)
if(count LESS 100)
  message(FATAL_ERROR "llama.cpp changed. required_tensors.cmake finds ${count} operations in ggml.c")
endif()
foreach(operand a b)
  string(REGEX REPLACE "(${operation}${operand}[,)][^{;]*{\n)"
    "\\1    GGML_ASSERT(${operand} != NULL && \"the file lacks a tensor\");\n" text "${text}")
endforeach()
file(WRITE "${required_tensors_copy}.new" "#line 1 \"llama.cpp/ggml/src/ggml.c\"\n${text}")
configure_file("${required_tensors_copy}.new" "${required_tensors_copy}" COPYONLY)
replace_source(ggml-base ggml.c "${required_tensors_copy}")
target_include_directories(ggml-base PRIVATE "${LLAMA_CPP_DIR}/ggml/src")
