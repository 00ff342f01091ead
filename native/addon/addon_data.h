// What the addon keeps for one environment (the main thread's, or a worker's): its live engines and
// its work on other threads.
//
// Who stops an engine:
//   close()                                        the user; lib/codellama.ts
//   nobody holds it any more                       the wrap's finalizer
//   the event loop ran dry, or a worker ended      the wrap's clean-up hook
//   process.exit(), an uncaught exception          lib/native/binding.ts's exit listener, by
//   StopAll():
//                                                  Node runs no hook then
//   exit() of the C library without that listener  engine/core/live_engines.h
// Each of them sets the stop flag, ends the computation under way, joins the thread, and only
// then frees anything; whoever comes second finds it done.
#pragma once

#include <napi.h>

#include <memory>
#include <set>

#include "addon/tasks.h"

namespace codellama {

class EngineHandle;

class AddonData {
 public:
  explicit AddonData(Napi::Env env) : tasks_(Tasks::Open(env)) {}

  Tasks& tasks() { return *tasks_; }

  void Add(EngineHandle* engine) { engines_.insert(engine); }
  void Remove(EngineHandle* engine) { engines_.erase(engine); }

  // Stops the work on other threads, and every engine of this environment, and waits for the
  // engines' threads.
  void StopAll();

 private:
  const std::shared_ptr<Tasks> tasks_;
  std::set<EngineHandle*> engines_;
};

}  // namespace codellama
