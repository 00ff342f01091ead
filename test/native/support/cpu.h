// What a test case requires of the CPU and the build, for TEST_REQUIRING.
#pragma once

#include <ggml-cpu.h>

namespace codellama::test {

inline const char* Avx512() { return ggml_cpu_has_avx512() ? nullptr : "no AVX-512"; }

inline const char* Amx() { return ggml_cpu_has_amx_int8() ? nullptr : "no AMX"; }

}  // namespace codellama::test
