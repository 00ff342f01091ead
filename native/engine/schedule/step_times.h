// How long a computation takes by how many rows it has, measured. Not a straight line: on a GPU a
// hundred rows take little longer than ten, on a CPU ten take nearly ten times as long as one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace codellama {

class StepTimes {
 public:
  void Add(uint32_t rows, double seconds);

  // Whether anything has been measured.
  bool known() const { return !curve_.empty(); }

  // Expected for so many rows: between two measured numbers on the line between them, beyond the
  // largest in proportion. 0 for no rows, and while nothing is known.
  double Seconds(uint32_t rows) const;

  // The most rows that are expected to take no longer; 0 while nothing is known.
  uint32_t RowsWithin(double seconds) const;

 private:
  struct Sample {
    double rows = 0;
    double seconds = 0;
  };
  static constexpr size_t kRemembered = 15;

  // Of rows from one power of two up to the next.
  struct Bucket {
    std::array<Sample, kRemembered> samples;  // a ring
    size_t count = 0;
    uint64_t last = 0;  // the number of its newest sample

    Sample Median() const;
  };

  void DrawCurve();

  std::array<Bucket, 17> buckets_;
  uint64_t count_ = 0;
  std::vector<Sample> curve_;  // from few rows to many; neither falls
};

}  // namespace codellama
