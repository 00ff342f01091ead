// The engines of this process, so that none computes on while the process takes itself apart.
#pragma once

namespace codellama {

class Engine;

void AddLiveEngine(Engine* engine);
void RemoveLiveEngine(Engine* engine);

// Has exit() stop all live engines, before it destroys what llama.cpp keeps in static storage:
// call it when the backends are up, since exit() works backwards. Only the first call counts.
void StopEnginesAtExit();

}  // namespace codellama
