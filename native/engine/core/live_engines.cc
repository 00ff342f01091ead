#include "engine/core/live_engines.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "engine/core/engine.h"

namespace codellama {

namespace {

struct LiveEngines {
  std::mutex mutex;
  std::map<Engine*, std::thread::id> makers;
};

// Never destroyed, because an engine may outlive static objects.
LiveEngines& Live() {
  static LiveEngines* live = new LiveEngines();
  return *live;
}

template <typename Condition>
void StopWhere(Condition condition) {
  const std::lock_guard lock(Live().mutex);
  for (const auto& [engine, maker] : Live().makers) {
    if (condition(maker)) engine->Close();
  }
  for (const auto& [engine, maker] : Live().makers) {
    if (condition(maker)) engine->Shutdown();
  }
}

struct StopOwnAtThreadEnd {
  ~StopOwnAtThreadEnd() {
    StopWhere([](std::thread::id maker) { return maker == std::this_thread::get_id(); });
  }
};

}  // namespace

void AddLiveEngine(Engine* engine) {
  thread_local const StopOwnAtThreadEnd stop_own;
  const std::lock_guard lock(Live().mutex);
  Live().makers.emplace(engine, std::this_thread::get_id());
}

void RemoveLiveEngine(Engine* engine) {
  const std::lock_guard lock(Live().mutex);
  Live().makers.erase(engine);
}

void StopEnginesAtExit() {
  static std::once_flag once;
  std::call_once(once,
                 [] { std::atexit([] { StopWhere([](std::thread::id) { return true; }); }); });
}

}  // namespace codellama
