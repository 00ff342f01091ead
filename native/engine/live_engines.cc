#include "live_engines.h"

#include <cstdlib>
#include <mutex>
#include <set>

#include "engine.h"

namespace codellama {

namespace {

struct LiveEngines {
  std::mutex mutex;
  std::set<Engine*> engines;
};

// Never destroyed: an engine may outlive static storage.
LiveEngines& Live() {
  static LiveEngines* live = new LiveEngines();
  return *live;
}

void StopAll() {
  const std::lock_guard lock(Live().mutex);
  for (Engine* engine : Live().engines) engine->Close();
  for (Engine* engine : Live().engines) engine->Shutdown();
}

}  // namespace

void AddLiveEngine(Engine* engine) {
  const std::lock_guard lock(Live().mutex);
  Live().engines.insert(engine);
}

void RemoveLiveEngine(Engine* engine) {
  const std::lock_guard lock(Live().mutex);
  Live().engines.erase(engine);
}

void StopEnginesAtExit() {
  static std::once_flag once;
  std::call_once(once, [] { std::atexit(StopAll); });
}

}  // namespace codellama
