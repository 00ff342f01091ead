#include "engine/base/machine.h"

#include "support/check.h"

using namespace codellama;

TEST(MachineReadsTheCpuQuota) {
  CHECK_EQ(ParseCpuMax("200000 100000\n").value_or(0), 2.0);
  CHECK_EQ(ParseCpuMax("50000 100000").value_or(0), 0.5);
  CHECK(!ParseCpuMax("max 100000"));
  CHECK(!ParseCpuMax("-1\n 100000"));
  CHECK(!ParseCpuMax(""));
}

TEST(MachineReadsMeminfo) {
  const std::string text = "MemTotal:       100 kB\nMemAvailable:    42 kB\n";
  CHECK_EQ(ParseMeminfo(text, "MemAvailable").value_or(0), 42U * 1024);
  CHECK(!ParseMeminfo(text, "MemFree"));
}

TEST(MachineHasAtLeastOneCore) { CHECK(UsableCores() >= 1); }
