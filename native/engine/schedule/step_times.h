// Measured computation time by number of rows. It is not a straight line: on a GPU a hundred rows
// take little longer than ten; on a CPU ten rows take nearly ten times as long as one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace codellama {

class StepTimes {
 public:
  void Add(uint32_t rows, double seconds);

  // Whether there is a measurement.
  bool known() const { return !curve_.empty(); }

  // Expected time of this many rows. Interpolates between measurements and extends the largest one
  // in proportion. 0 for no rows, and without measurements.
  double Seconds(uint32_t rows) const;

  // Greatest number of rows that is expected to take at most `seconds`. 0 without measurements.
  uint32_t RowsWithin(double seconds) const;

 private:
  struct Sample {
    double rows = 0;
    double seconds = 0;
  };
  static constexpr size_t kRemembered = 15;

  // Samples with a number of rows from one power of two up to the next.
  struct Bucket {
    std::array<Sample, kRemembered> samples;  // a ring buffer
    size_t count = 0;
    uint64_t last = 0;  // number of the newest sample

    Sample Median() const;
  };

  void DrawCurve();

  std::array<Bucket, 17> buckets_;
  uint64_t count_ = 0;
  std::vector<Sample> curve_;  // rising in rows and seconds
};

}  // namespace codellama
