#include "engine/base/machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <sys/sysctl.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace codellama {

std::optional<double> ParseCpuMax(const std::string& text) {
  std::istringstream in(text);
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<uint64_t> ParseMeminfo(const std::string& text, const std::string& field) {
  std::istringstream in(text);
  std::string line;
  while (std::getline(in, line)) {
    if (!line.starts_with(field + ":")) continue;
    return std::stoull(line.substr(field.size() + 1)) * 1024;
  }
  return std::nullopt;
}

#if defined(__linux__)

namespace {

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::optional<uint64_t> ReadNumber(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text) return std::nullopt;
  try {
    return std::stoull(*text);
  } catch (const std::exception&) {
    return std::nullopt;  // "max"
  }
}

int32_t AllowedPhysicalCores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  // Siblings of a core share one thread_siblings_list.
  std::set<std::string> cores;
  int32_t without_topology = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const auto siblings = ReadFile("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                                   "/topology/thread_siblings_list");
    if (siblings) {
      cores.insert(*siblings);
    } else {
      without_topology++;
    }
  }
  return static_cast<int32_t>(cores.size()) + without_topology;
}

std::optional<double> CpuQuota() {
  if (const auto text = ReadFile("/sys/fs/cgroup/cpu.max")) return ParseCpuMax(*text);
  const auto quota = ReadFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const auto period = ReadFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (quota && period) return ParseCpuMax(*quota + " " + *period);
  return std::nullopt;
}

}  // namespace

int32_t UsableCores() {
  int32_t cores = AllowedPhysicalCores();
  if (cores <= 0) cores = static_cast<int32_t>(std::thread::hardware_concurrency());
  // A thread beyond the quota is stopped in mid-step while the others wait for it.
  if (const auto quota = CpuQuota()) {
    cores = std::min(cores, std::max(1, static_cast<int32_t>(std::floor(*quota))));
  }
  return std::max(cores, 1);
}

std::optional<uint64_t> AvailableMemory() {
  const auto meminfo = ReadFile("/proc/meminfo");
  if (!meminfo) return std::nullopt;
  auto available = ParseMeminfo(*meminfo, "MemAvailable");
  const auto limit = ReadNumber("/sys/fs/cgroup/memory.max");
  const auto used = ReadNumber("/sys/fs/cgroup/memory.current");
  if (available && limit && used) {
    available = std::min(*available, *limit > *used ? *limit - *used : 0);
  }
  return available;
}

#elif defined(__APPLE__)

int32_t UsableCores() {
  int32_t cores = 0;
  size_t size = sizeof(cores);
  // The fast cores only: the slow ones would hold every step up.
  if (sysctlbyname("hw.perflevel0.physicalcpu", &cores, &size, nullptr, 0) != 0) {
    sysctlbyname("hw.physicalcpu", &cores, &size, nullptr, 0);
  }
  return std::max(cores, 1);
}

std::optional<uint64_t> AvailableMemory() {
  vm_statistics64_data_t statistics;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  if (host_statistics64(mach_host_self(), HOST_VM_INFO64,
                        reinterpret_cast<host_info64_t>(&statistics), &count) != KERN_SUCCESS) {
    return std::nullopt;
  }
  return (static_cast<uint64_t>(statistics.free_count) + statistics.inactive_count) *
         static_cast<uint64_t>(vm_page_size);
}

#elif defined(_WIN32)

int32_t UsableCores() {
  return std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency() / 2));
}

std::optional<uint64_t> AvailableMemory() {
  MEMORYSTATUSEX status = {};
  status.dwLength = sizeof(status);
  if (!GlobalMemoryStatusEx(&status)) return std::nullopt;
  return status.ullAvailPhys;
}

#else

int32_t UsableCores() {
  return std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
}

std::optional<uint64_t> AvailableMemory() { return std::nullopt; }

#endif

}  // namespace codellama
