// Data of the addon for one environment, of the main thread or of a worker: its live engines and
// its work on other threads.
//
// Who stops an engine:
//   close()                                        the user, through lib/codellama.ts
//   garbage collection                             the finalizer of EngineHandle
//   the event loop ends, or a worker ends          the clean-up hook of EngineHandle
//   process.exit(), an uncaught exception          the exit listener of lib/native/binding.ts;
//                                                  Node runs no hook then
//   exit() of the C library without that listener  engine/core/live_engines.h
// Each way sets the stop flag, ends the computation, joins the thread, and only then frees
// anything. Later ways find the engine stopped.
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

  // Stops the work on other threads and all engines of this environment. Waits for the engines'
  // threads.
  void StopAll();

 private:
  const std::shared_ptr<Tasks> tasks_;
  std::set<EngineHandle*> engines_;
};

}  // namespace codellama
