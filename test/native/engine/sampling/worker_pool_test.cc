#include "engine/sampling/worker_pool.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "support/check.h"

using namespace codellama;

TEST(WorkerPoolCallsEachIndexOnceAndWaitsForAll) {
  WorkerPool pool(3);
  for (size_t round = 0; round < 2000; round++) {
    // Written without a lock and read after the loop.
    std::vector<int> calls(round % 40, 0);
    pool.ForEach(calls.size(), [&](size_t i) { calls[i]++; });
    CHECK(calls == std::vector<int>(calls.size(), 1));
  }
}

TEST(WorkerPoolSharesALoopAmongItsThreads) {
  WorkerPool pool(1);
  std::atomic<int> arrived = 0;
  // Each call waits for the other, so one thread alone would never finish.
  pool.ForEach(2, [&](size_t) {
    arrived++;
    while (arrived < 2) std::this_thread::yield();
  });
  CHECK_EQ(arrived.load(), 2);
}

TEST(WorkerPoolWithoutThreadsRunsInOrder) {
  WorkerPool pool(0);
  std::vector<size_t> seen;
  pool.ForEach(5, [&](size_t i) { seen.push_back(i); });
  CHECK(seen == (std::vector<size_t>{0, 1, 2, 3, 4}));
}

TEST(WorkerPoolCanEndWithoutALoop) {
  for (int round = 0; round < 50; round++) WorkerPool pool(4);
}
