// The engines of this process. exit() must stop them before it destroys objects that they use.
//
// exit() on the thread that made an engine, as in Node's main thread, stops the engine first,
// through a thread_local object. exit() on another thread stops it through an atexit handler. That
// handler runs before the destruction of all static objects from before the backends were loaded.
// llama.cpp makes a few static objects later.
#pragma once

namespace codellama {

class Engine;

// Call it on the thread that makes the engine.
void AddLiveEngine(Engine* engine);
void RemoveLiveEngine(Engine* engine);

// Registers the atexit handler. Call it after the backends are loaded, because exit() runs handlers
// in reverse order. Only the first call has an effect.
void StopEnginesAtExit();

}  // namespace codellama
