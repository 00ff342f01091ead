#include "addon/addon_data.h"

#include "addon/engine_handle.h"

namespace codellama {

void AddonData::StopAll() {
  tasks_->StopAll();
  // First signals all engines, so that they stop at the same time.
  for (EngineHandle* engine : engines_) engine->BeginStop();
  for (EngineHandle* engine : engines_) engine->Stop();
}

}  // namespace codellama
