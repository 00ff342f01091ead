#include "engine/schedule/step_times.h"

#include "support/check.h"

using codellama::StepTimes;

TEST(StepTimesAreUnknownAtFirst) {
  StepTimes times;
  CHECK(!times.known());
  CHECK_EQ(times.Seconds(5), 0.0);
  CHECK_EQ(times.RowsWithin(1), 0U);
  times.Add(0, 1);
  CHECK(!times.known());
}

TEST(StepTimesExtendInProportion) {
  StepTimes times;
  times.Add(10, 1);
  CHECK_EQ(times.Seconds(10), 1.0);
  CHECK_EQ(times.Seconds(5), 0.5);
  CHECK_EQ(times.Seconds(40), 4.0);
  CHECK_EQ(times.RowsWithin(4), 40U);
  CHECK_EQ(times.RowsWithin(0.5), 5U);
}

TEST(StepTimesInterpolateBetweenMeasurements) {
  StepTimes times;
  times.Add(1, 4);
  times.Add(65, 12);
  CHECK_EQ(times.Seconds(1), 4.0);
  CHECK_EQ(times.Seconds(33), 8.0);
  CHECK_EQ(times.RowsWithin(8), 33U);
  CHECK_EQ(times.RowsWithin(2), 0U);
}

TEST(StepTimesNeverFall) {
  StepTimes times;
  times.Add(1, 5);
  times.Add(4, 3);
  times.Add(16, 9);
  CHECK_EQ(times.Seconds(1), 3.0);
  CHECK_EQ(times.Seconds(4), 3.0);
  CHECK_EQ(times.Seconds(16), 9.0);
  CHECK_EQ(times.RowsWithin(3), 4U);
  CHECK_EQ(times.RowsWithin(5), 8U);
}

TEST(StepTimesUseTheMedian) {
  StepTimes times;
  for (int i = 0; i < 50; i++) times.Add(8, i % 5 == 0 ? 1000 : 2);
  CHECK_EQ(times.Seconds(8), 2.0);
}

TEST(StepTimesDropOldMeasurements) {
  StepTimes times;
  times.Add(4, 1000);
  for (int i = 0; i < 2000; i++) times.Add(64, 1);
  CHECK_EQ(times.Seconds(4), 4.0 / 64);
  CHECK_EQ(times.Seconds(64), 1.0);
}
