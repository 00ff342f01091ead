#include "addon/copy_later.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "addon/tasks.h"
#include "engine/base/error.h"

namespace codellama {

namespace {

// Size of a slice. The end of the environment waits for the copy of one slice.
constexpr size_t kSlice = size_t{1} << 20;

}  // namespace

Napi::Promise CopyLater(Napi::Env env, Napi::Uint8Array bytes, Napi::Object owner,
                        std::function<bool(std::vector<uint8_t>)> use) {
  Tasks& tasks = Tasks::Of(env);
  Tasks::Kept kept;
  kept.push_back(Napi::Persistent(bytes.As<Napi::Object>()));
  kept.push_back(Napi::Persistent(owner));
  const auto work = [tasks = tasks.shared_from_this(),
                     from = static_cast<const uint8_t*>(bytes.Data()), size = bytes.ByteLength(),
                     use = std::move(use)](const Job::StopFlag&) -> Tasks::ToValue {
    auto copy = std::make_shared<std::vector<uint8_t>>();
    copy->reserve(size);
    for (size_t at = 0; at < size; at += kSlice) {
      const uint8_t* first = from + at;
      const uint8_t* end = from + std::min(at + kSlice, size);
      if (!tasks->WhileOpen([&] { copy->insert(copy->end(), first, end); })) {
        throw Error(ErrorCode::kClosed, "the environment has ended");
      }
    }
    return [copy, use](Napi::Env env) { return Napi::Boolean::New(env, use(std::move(*copy))); };
  };
  return tasks.Run(env, Lane::Bulk(), work, std::move(kept));
}

}  // namespace codellama
