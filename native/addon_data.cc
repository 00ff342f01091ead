#include "addon_data.h"

#include "engine_wrap.h"

namespace codellama {

void AddonData::StopAll() {
  tasks_->StopAll();
  // All are told first, so that they stop side by side.
  for (EngineWrap* engine : engines_) engine->BeginStop();
  for (EngineWrap* engine : engines_) engine->Stop();
}

}  // namespace codellama
