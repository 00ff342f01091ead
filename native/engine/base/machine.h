// What this machine, or the container that we are in, lets us use. Pure of llama.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace codellama {

// Cores to compute on: physical ones, not SMT siblings, of those that this process may run on,
// bounded by the CPU quota of its control group. At least 1.
int32_t UsableCores();

// Bytes that can still be allocated without swapping, bounded by the control group's limit.
// Nothing where the platform does not tell.
std::optional<uint64_t> AvailableMemory();

// The parsers behind these, for tests.
// cgroup v2's cpu.max ("200000 100000" is two cores; "max 100000" has no limit).
std::optional<double> ParseCpuMax(const std::string& text);
// A field of /proc/meminfo such as "MemAvailable", in bytes.
std::optional<uint64_t> ParseMeminfo(const std::string& text, const std::string& field);

}  // namespace codellama
