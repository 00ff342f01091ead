// CPU cores and memory that this process may use. Knows no llama.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace codellama {

// Number of compute threads that fit this process: physical cores of its CPU affinity mask, capped
// by its control group's CPU quota. At least 1.
int32_t UsableCores();

// Bytes that can be allocated without swapping, capped by the control group's memory limit. Empty
// where the platform does not report it.
std::optional<uint64_t> AvailableMemory();

// CPU limit in a cgroup v2 cpu.max file: "200000 100000" is 2 cores. Empty for "max 100000" (no
// limit) and for anything else. Public for tests.
std::optional<double> ParseCpuMax(const std::string& text);
// Bytes of a field of /proc/meminfo, such as "MemAvailable". Empty when the field is missing.
// Public for tests.
std::optional<uint64_t> ParseMeminfo(const std::string& text, const std::string& field);

}  // namespace codellama
