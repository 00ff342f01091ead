#include "addon/encode_later.h"

#include <utility>
#include <variant>

#include "addon/tasks.h"
#include "addon/values.h"

namespace codellama {

namespace {

// Bytes of the longest short text: about ten milliseconds. Long texts use another lane, so that
// short texts do not wait for them.
constexpr size_t kLongestShortText = size_t{64} << 10;

Lane& LaneFor(const std::vector<PromptPart>& prompt) {
  size_t bytes = 0;
  for (const PromptPart& part : prompt) {
    if (const auto* text = std::get_if<PromptText>(&part)) bytes += text->text.size();
  }
  return bytes <= kLongestShortText ? Lane::Text() : Lane::Bulk();
}

}  // namespace

Napi::Object EncodeLater(Napi::Env env, std::shared_ptr<const Model> model,
                         std::vector<PromptPart> prompt, uint32_t limit) {
  Lane& lane = LaneFor(prompt);
  const auto work = [model = std::move(model), prompt = std::move(prompt),
                     limit](const Job::StopFlag& stop) -> Tasks::ToValue {
    const auto tokens =
        std::make_shared<const std::vector<Token>>(model->tokenizer().Encode(prompt, limit, &stop));
    return [tokens](Napi::Env env) { return ToValue(env, *tokens); };
  };
  return Tasks::Of(env).RunCancellable(env, lane, work);
}

}  // namespace codellama
