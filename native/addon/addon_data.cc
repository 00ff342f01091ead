#include "addon/addon_data.h"

#include "addon/engine_handle.h"

namespace codellama {

void AddonData::StopAll() {
  tasks_->StopAll();
  // All are told first, so that they stop side by side.
  for (EngineHandle* engine : engines_) engine->BeginStop();
  for (EngineHandle* engine : engines_) engine->Stop();
}

}  // namespace codellama
