#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "engine/gguf/gguf_file.h"
#include "support/check.h"
#include "support/gguf_tiny_refusal.h"

namespace codellama::test {
namespace {

// TinyLlama split in two: all metadata and the first tensors, then the other tensors.
std::vector<GgufDraft> SplitTiny() {
  std::vector<GgufDraft> parts = {TinyLlama(), GgufDraft()};
  auto& tensors = parts[0].tensors;
  parts[1].tensors.assign(tensors.begin() + 5, tensors.end());
  tensors.resize(5);
  for (uint16_t part = 0; part < 2; ++part) {
    parts[part].Set(DraftEntry::Numbers<uint16_t>("split.no", GgufType::kUint16, false, {part}));
    parts[part].Set(DraftEntry::Numbers<uint16_t>("split.count", GgufType::kUint16, false, {2}));
  }
  return parts;
}

TEST(gguf_split_check_reads_all_parts) {
  const std::vector<GgufDraft> parts = SplitTiny();
  const TemporaryFile first(parts[0].Serialize(), "tiny-00001-of-00002.gguf");
  const std::string second = first.folder() + "/tiny-00002-of-00002.gguf";
  const auto check = [](const std::string& path) {
    return RefusalOf(path, [&] { CheckModel(ReadGguf(path), path); });
  };
  const auto write_second = [&](const GgufDraft& draft) {
    const std::string bytes = draft.Serialize();
    std::ofstream(second, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
  };
  CHECK_EQ(check(first.path()), "MODEL_NOT_FOUND: part 2 of 2 of this split model is missing: " +
                                    second + ": there is no such file");
  write_second(parts[1]);
  CHECK_EQ(check(first.path()), "");
  GgufDraft bad = parts[1];
  bad.Tensor("blk.1.attn_norm.weight").type = 26;
  write_second(bad);
  CHECK_EQ(check(first.path()),
           kUnsupported + "tensor 'blk.1.attn_norm.weight' has the type I32; it must be F32");
  write_second(parts[0]);
  CHECK_EQ(check(first.path()), kInvalid + second + ": split.no is 0; it must be 1");
  write_second(GgufDraft());
  CHECK_EQ(check(first.path()),
           kInvalid + second + ": split.no is missing: this file is not a part of a split model");
}

TEST(gguf_split_check_names_the_first_part) {
  const TemporaryFile second(SplitTiny()[1].Serialize(), "tiny-00002-of-00002.gguf");
  GgufDraft whole = SplitTiny()[1];
  whole.SetText("general.architecture", "llama");
  const TemporaryFile named(whole.Serialize(), "tiny-00002-of-00002.gguf");
  const auto check = [](const std::string& path) {
    return RefusalOf(path, [&] { CheckModel(ReadGguf(path), path); });
  };
  const std::string advice = "this is part 2 of 2 of a split model; load the first part, ";
  CHECK_EQ(check(second.path()), kInvalid + advice + second.folder() + "/tiny-00001-of-00002.gguf");
  CHECK_EQ(check(named.path()), kInvalid + advice + named.folder() + "/tiny-00001-of-00002.gguf");
  const TemporaryFile renamed(whole.Serialize(), "tiny.gguf");
  CHECK_EQ(check(renamed.path()), kInvalid +
                                      "this is part 2 of 2 of a split model; its name must "
                                      "end with -00002-of-00002.gguf");
}

}  // namespace
}  // namespace codellama::test
