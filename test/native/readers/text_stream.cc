// libFuzzer target: the text is UTF-8, and the same in whatever pieces its bytes come. With several
// stop strings that overlap, the pieces decide which one is found first.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/gguf_text.h"
#include "engine/text_stream.h"

namespace {

std::string TextOf(const std::vector<std::string>& stop, std::string_view bytes, size_t piece) {
  codellama::TextStream stream(stop);
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += piece)
    text += stream.Append(bytes.substr(at, piece));
  return text + stream.Finish();
}

bool IsUtf8(std::string text) {
  for (char& byte : text) byte = byte == '\0' ? ' ' : byte;
  return codellama::IsPlainUtf8(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  std::vector<std::string> stop;
  for (size_t count = input.ConsumeIntegralInRange(0, 3); count > 0; --count) {
    std::string text = input.ConsumeRandomLengthString(8);
    if (!text.empty() && IsUtf8(text)) stop.push_back(std::move(text));
  }
  const std::string bytes = input.ConsumeRemainingBytesAsString();
  const std::string by_byte = TextOf(stop, bytes, 1);
  for (const size_t piece : {size_t{3}, bytes.size() + 1}) {
    const std::string text = TextOf(stop, bytes, piece);
    if (!IsUtf8(text) || (stop.size() < 2 && text != by_byte)) std::abort();
  }
  if (!IsUtf8(by_byte)) std::abort();
  return 0;
}
