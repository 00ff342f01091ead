// libFuzzer target: the text must be UTF-8, and the text and the matched stop string must not
// depend on how the bytes are split into pieces.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/gguf_text.h"
#include "engine/text/text_stream.h"

namespace {

struct Outcome {
  std::string text;
  std::string stop;
  bool operator==(const Outcome&) const = default;
};

Outcome Read(const std::vector<std::string>& stop, std::string_view bytes, size_t piece) {
  codellama::StopConditions conditions;
  conditions.texts = stop;
  codellama::TextStream stream(conditions);
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += piece)
    text += stream.Append(bytes.substr(at, piece));
  text += stream.Finish();
  return {text, stream.matched()};
}

bool IsUtf8(std::string text) {
  for (char& byte : text) byte = byte == '\0' ? ' ' : byte;
  return codellama::IsPlainUtf8(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  std::vector<std::string> stop;
  for (size_t count = input.ConsumeIntegralInRange(0, 64); count > 0; --count) {
    std::string text = input.ConsumeRandomLengthString(8);
    if (!text.empty() && IsUtf8(text)) stop.push_back(std::move(text));
  }
  const std::string bytes = input.ConsumeRemainingBytesAsString();
  const Outcome by_byte = Read(stop, bytes, 1);
  if (!IsUtf8(by_byte.text)) std::abort();
  for (const size_t piece : {size_t{2}, size_t{3}, size_t{7}, bytes.size() + 1}) {
    if (Read(stop, bytes, piece) != by_byte) std::abort();
  }
  return 0;
}
