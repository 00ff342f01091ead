// The engines of this process, so that none computes on while the process takes itself apart.
//
// exit() on the thread that made an engine, which is Node's main thread's way, stops it first of
// all, with what is thread_local there. exit() on another thread stops it before anything that was
// static when the backends came up; llama.cpp makes some more later.
#pragma once

namespace codellama {

class Engine;

// On the thread that makes the engine.
void AddLiveEngine(Engine* engine);
void RemoveLiveEngine(Engine* engine);

// For exit() on any thread: call it when the backends are up, since exit() works backwards. Only
// the first call counts.
void StopEnginesAtExit();

}  // namespace codellama
