#include "engine/gguf/gguf_file.h"

#ifndef _WIN32
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "support/check.h"
#include "support/gguf_refusal.h"
#include "support/gguf_writer.h"
#include "support/tiny_llama.h"

namespace codellama::test {
namespace {

constexpr uint64_t kHuge = uint64_t{1} << 63;

// A header with one key. `value` holds the bytes of its type and value.
std::string WithOneKey(const std::string& value) {
  return "GGUF" + BytesOf<uint32_t>(3) + BytesOf<uint64_t>(0) + BytesOf<uint64_t>(1) +
         BytesOfText("a.key") + value + std::string(64, '\0');
}

std::string ArrayOf(uint32_t type, uint64_t count) {
  return BytesOf<uint32_t>(9) + BytesOf(type) + BytesOf(count);
}

// The error for TinyLlama after a change of its first tensor.
template <typename Change>
std::string WithFirstTensor(const Change& change) {
  GgufDraft draft = TinyLlama();
  change(draft.tensors[0]);
  return ReadRefusal(draft.Serialize());
}

TEST(gguf_reader_reads_a_model) {
  const TemporaryFile temporary(TinyLlama().Serialize());
  const GgufFile file = ReadGguf(temporary.path());
  CHECK_EQ(file.version, 3U);
  CHECK_EQ(file.alignment, 32U);
  CHECK_EQ(file.Architecture(), "llama");
  CHECK_EQ(file.String("general.name").value_or(""), "tiny");
  CHECK_EQ(file.Integer("llama.block_count").value_or(0), 2);
  CHECK_EQ(file.Number("llama.rope.freq_base").value_or(0), 1e6);
  CHECK_EQ(file.Bool("tokenizer.ggml.add_bos_token").value_or(false), true);
  CHECK(!file.Integer("general.name"));
  CHECK(!file.Find("llama.no_such_key"));
  CHECK_EQ(file.metadata.front().key, "general.architecture");
  CHECK_EQ(file.tensors.size(), 21U);
  CHECK_EQ(file.parameter_count, 96'960U);
  CHECK(!file.PositionLimit());
  CHECK_EQ(file.file_size, std::filesystem::file_size(temporary.path()));

  const GgufTensor* tensor = file.FindTensor("token_embd.weight");
  CHECK(tensor != nullptr);
  CHECK_EQ(tensor->dimensions, (std::vector<uint64_t>{64, 275}));
  CHECK_EQ(tensor->size_bytes, 275U * 2 * 34);
  CHECK_EQ(tensor->offset, 0U);
}

TEST(gguf_reader_keeps_the_types_of_values) {
  GgufDraft draft;
  draft.Set(DraftEntry::Numbers<uint64_t>("u64", GgufType::kUint64, false, {~uint64_t{0}}));
  draft.Set(DraftEntry::Numbers<int8_t>("i8", GgufType::kInt8, true, {-1, 5}));
  draft.Set(DraftEntry::Numbers<double>("f64", GgufType::kFloat64, false, {0.5}));
  draft.SetTexts("texts", {"a", "", "\xC3\xA9"});
  draft.SetTexts("none", {});
  const TemporaryFile temporary(draft.Serialize());
  const GgufFile file = ReadGguf(temporary.path());
  CHECK_EQ(file.Integer("u64").value_or(0), std::numeric_limits<int64_t>::max());
  CHECK_EQ(file.Find("i8")->TypeName(), "arr[i8]");
  CHECK_EQ(file.Find("i8")->IntegerArray().value(), (std::vector<int64_t>{-1, 5}));
  CHECK_EQ(file.Find("i8")->NumberArray().value(), (std::vector<double>{-1, 5}));
  CHECK(!file.Integer("i8"));
  CHECK_EQ(file.Number("f64").value_or(0), 0.5);
  CHECK_EQ(file.Find("texts")->StringArray().value(),
           (std::vector<std::string>{"a", "", "\xC3\xA9"}));
  CHECK_EQ(file.Find("texts")->StringAt(7), "");
  CHECK_EQ(file.Find("none")->size(), 0U);
}

TEST(gguf_reader_names_a_file_that_it_cannot_open) {
  const TemporaryFile file("x");
  const std::string missing = file.folder() + "/missing.gguf";
  CHECK_EQ(RefusalOf(missing, [&] { ReadGguf(missing); }),
           "MODEL_NOT_FOUND: there is no such file");
  CHECK_EQ(RefusalOf(file.folder(), [&] { ReadGguf(file.folder()); }),
           "MODEL_INVALID: this is a folder, not a GGUF file");
  CHECK_EQ(RefusalOf("", [&] { ReadGguf(""); }),
           "MODEL_NOT_FOUND: the model's path is empty or holds a NUL character");
}

#ifndef _WIN32
TEST(gguf_reader_refuses_special_files) {
  const TemporaryFile file("x");
  const std::string pipe = file.folder() + "/pipe.gguf";
  mkfifo(pipe.c_str(), 0600);
  CHECK_EQ(RefusalOf(pipe, [&] { ReadGguf(pipe); }), "MODEL_INVALID: this is not a regular file");
  if (getuid() == 0) return;  // root can read every file
  chmod(file.path().c_str(), 0);
  CHECK_EQ(RefusalOf(file.path(), [&] { ReadGguf(file.path()); }),
           "MODEL_NOT_FOUND: cannot be opened: Permission denied");
}
#endif

TEST(gguf_reader_names_other_file_formats) {
  const auto refusal = [](std::string_view what) {
    return "MODEL_INVALID: this is not a GGUF file: it is " + std::string(what);
  };
  const std::string convert =
      "; convert the model with llama.cpp's convert_hf_to_gguf.py, or download it as GGUF";
  using namespace std::string_literals;
  CHECK_EQ(ReadRefusal("\x3D\0\0\0\0\0\0\0{\"a\":{}}"s), refusal("a safetensors file" + convert));
  CHECK_EQ(ReadRefusal("PK\x03\x04 and more"),
           refusal("a zip archive, probably a PyTorch checkpoint" + convert));
  CHECK_EQ(ReadRefusal("<!doctype html><html>"),
           refusal("a web page; download the file itself from the link that contains /resolve/"));
  CHECK_EQ(ReadRefusal("version https://git-lfs.github.com/spec/v1\noid sha256:4d"),
           refusal("a Git LFS pointer; fetch the file with git lfs pull"));
  CHECK_EQ(ReadRefusal("\x1F\x8B\x08\x00"s), refusal("compressed with gzip; unpack it first"));
}

TEST(gguf_reader_names_the_folder_of_a_missing_file) {
  const auto refusal = [](const std::string& path) {
    return RefusalOf(path, [&] { ReadGguf(path); });
  };
  const std::string here = std::filesystem::current_path().string();
  CHECK_EQ(refusal("missing.gguf"), "MODEL_NOT_FOUND: there is no such file in " + here);
  CHECK_EQ(
      refusal("https://example.com/a.gguf"),
      "MODEL_NOT_FOUND: there is no such file; this is a URL: download the file and pass its path");
  CHECK_EQ(refusal("file:///missing.gguf"),
           "MODEL_NOT_FOUND: there is no such file; pass fileURLToPath(url) of node:url");
  CHECK_EQ(refusal("~/missing.gguf"),
           "MODEL_NOT_FOUND: there is no such file; only shells expand ~: pass the whole path");
}

TEST(gguf_reader_refuses_other_files) {
  CHECK_EQ(ReadRefusal(""), "MODEL_INVALID: the file is empty");
  CHECK_EQ(ReadRefusal("GG"), "MODEL_INVALID: this is not a GGUF file: it has only 2 bytes");
  CHECK_EQ(ReadRefusal("Entry not found"),
           "MODEL_INVALID: this is not a GGUF file: it begins with 'Entry not found', not 'GGUF'");
  CHECK_EQ(
      ReadRefusal("\x01\x02\x03\x04"),
      "MODEL_INVALID: this is not a GGUF file: it begins with '\\x01\\x02\\x03\\x04', not 'GGUF'");
  CHECK_EQ(ReadRefusal("tjgg and more"),
           "MODEL_UNSUPPORTED: this is a GGML file from before August 2023; convert the original "
           "model to GGUF again");
}

TEST(gguf_reader_supports_versions_2_and_3) {
  const auto with_version = [](uint32_t version) {
    GgufDraft draft = TinyLlama();
    draft.version = version;
    return ReadRefusal(draft.Serialize());
  };
  CHECK_EQ(with_version(2), "");
  CHECK_EQ(with_version(0), "MODEL_INVALID: the GGUF version is 0; it must be 2 or 3");
  CHECK_EQ(with_version(1),
           "MODEL_UNSUPPORTED: GGUF version 1 is no longer supported; convert the original model "
           "to GGUF again");
  CHECK_EQ(with_version(4),
           "MODEL_UNSUPPORTED: GGUF version 4 is newer than this library knows (2 and 3)");
  CHECK_EQ(with_version(0x03000000),
           "MODEL_UNSUPPORTED: this GGUF file is big-endian; convert it to little-endian");
}

TEST(gguf_reader_refuses_truncated_files) {
  const std::string whole = TinyLlama().Serialize();
  for (size_t size = 1; size < whole.size(); size += 1 + size / 16) {
    const std::string refusal = ReadRefusal(whole.substr(0, size));
    CHECK(refusal.starts_with("MODEL_INVALID: "));
  }
  CHECK_EQ(ReadRefusal(whole.substr(0, 30)),
           "MODEL_INVALID: the header claims 21 keys, but only 6 bytes are left in the file");
  CHECK(ReadRefusal(whole.substr(0, whole.size() - 32))
            .starts_with("MODEL_INVALID: the file is truncated: tensor 'blk.1.ffn_up.weight' "
                         "needs 6528 bytes from byte "));
}

TEST(gguf_reader_checks_counts_before_it_allocates) {
  GgufDraft draft = TinyLlama();
  draft.claimed_key_count = kHuge;
  CHECK(ReadRefusal(draft.Serialize())
            .starts_with("MODEL_INVALID: the header claims 9223372036854775808 keys, but only "));
  draft.claimed_key_count = {};
  draft.claimed_tensor_count = ~uint64_t{0};
  CHECK(ReadRefusal(draft.Serialize())
            .starts_with("MODEL_INVALID: the header claims 18446744073709551615 tensors, but "));
  CHECK_EQ(ReadRefusal(WithOneKey(ArrayOf(8, kHuge))),
           "MODEL_INVALID: the value of 'a.key' claims 9223372036854775808 elements of type str, "
           "but only 64 bytes are left in the file");
  CHECK_EQ(ReadRefusal(WithOneKey(ArrayOf(4, 17))),
           "MODEL_INVALID: the value of 'a.key' claims 17 elements of type u32, but only 64 bytes "
           "are left in the file");
  CHECK_EQ(ReadRefusal(WithOneKey(BytesOf<uint32_t>(8) + BytesOf(kHuge))),
           "MODEL_INVALID: the value of 'a.key' claims a string of 9223372036854775808 bytes, but "
           "only 64 are left in the file");
  CHECK_EQ(ReadRefusal("GGUF" + BytesOf<uint32_t>(3) + BytesOf<uint64_t>(0) + BytesOf<uint64_t>(1) +
                       BytesOf(kHuge) + std::string(64, '\0')),
           "MODEL_INVALID: key number 1 claims 9223372036854775808 bytes, but only 64 are left in "
           "the file");
}

TEST(gguf_reader_limits_the_number_of_keys) {
  GgufDraft draft;
  draft.claimed_key_count = 65'537;
  const std::string refusal = ReadRefusal(draft.Serialize() + std::string(2'000'000, '\0'));
  CHECK_EQ(refusal, "MODEL_INVALID: the header claims 65537 keys; at most 65536 are allowed");
}

TEST(gguf_reader_refuses_invalid_values) {
  CHECK_EQ(ReadRefusal(WithOneKey(BytesOf<uint32_t>(13))),
           "MODEL_INVALID: the value of 'a.key' has the unknown type 13; 0 to 12 are known");
  CHECK_EQ(
      ReadRefusal(WithOneKey(ArrayOf(9, 2))),
      "MODEL_INVALID: the value of 'a.key' is an array of arrays, which llama.cpp cannot read");
  CHECK_EQ(ReadRefusal(WithOneKey(BytesOf<uint32_t>(7) + "\x02")),
           "MODEL_INVALID: the value of 'a.key' holds the bool 2; it must be 0 or 1");
}

TEST(gguf_reader_refuses_invalid_keys) {
  GgufDraft draft;
  draft.SetBool("twice", true);
  draft.entries.push_back(draft.entries[0]);
  CHECK_EQ(ReadRefusal(draft.Serialize()), "MODEL_INVALID: the key 'twice' occurs twice");
  draft.entries.assign(1, {"", 7, false, {"\x01"}, {}});
  CHECK_EQ(ReadRefusal(draft.Serialize()), "MODEL_INVALID: key number 1 is empty");
  draft.entries[0].key = "a\xFF";
  CHECK_EQ(ReadRefusal(draft.Serialize()),
           "MODEL_INVALID: the key 'a\\xff' is not valid UTF-8 text");
  draft.entries[0].key = std::string("a\0b", 3);
  CHECK_EQ(ReadRefusal(draft.Serialize()),
           "MODEL_INVALID: the key 'a\\x00b' is not valid UTF-8 text");
}

TEST(gguf_reader_refuses_invalid_alignments) {
  for (const uint32_t alignment : {0U, 3U, 33U}) {
    GgufDraft draft = TinyLlama();
    draft.SetUnsigned("general.alignment", alignment);
    CHECK_EQ(ReadRefusal(draft.Serialize()), "MODEL_INVALID: general.alignment is " +
                                                 std::to_string(alignment) +
                                                 "; it must be a power of two");
  }
  GgufDraft draft = TinyLlama();
  draft.SetFloat("general.alignment", 32);
  CHECK_EQ(ReadRefusal(draft.Serialize()),
           "MODEL_INVALID: general.alignment has the type f32; it must be u32");
}

TEST(gguf_reader_refuses_invalid_tensor_names) {
  CHECK_EQ(WithFirstTensor([](DraftTensor& tensor) { tensor.name = ""; }),
           "MODEL_INVALID: tensor number 1 has no name");
  CHECK_EQ(WithFirstTensor([](DraftTensor& tensor) { tensor.name = std::string(64, 'x'); }),
           "MODEL_INVALID: the name of tensor number 1 has 64 bytes; at most 63 are allowed");
  CHECK_EQ(WithFirstTensor([](DraftTensor& tensor) { tensor.name = "output.weight"; }),
           "MODEL_INVALID: the tensor 'output.weight' occurs twice");
}

TEST(gguf_reader_refuses_invalid_shapes) {
  const auto with_shape = [](std::vector<uint64_t> shape) {
    return WithFirstTensor([&](DraftTensor& tensor) { tensor.dimensions = shape; });
  };
  const std::string tensor = "MODEL_INVALID: tensor 'token_embd.weight' ";
  CHECK_EQ(with_shape({64, 0}), tensor + "has a dimension of 0; it must be at least 1");
  CHECK_EQ(with_shape({64, 1, 1, 1, 1}), tensor + "has 5 dimensions; at most 4 are allowed");
  CHECK_EQ(with_shape({uint64_t{1} << 32, uint64_t{1} << 31}),
           tensor + "has too many elements: dimension 2 is 2147483648");
  CHECK_EQ(with_shape({kHuge}),
           tensor + "has too many elements: dimension 1 is 9223372036854775808");
  CHECK_EQ(with_shape({33}), tensor + "has rows of 33 elements; Q8_0 needs a multiple of 32");
  CHECK(with_shape({uint64_t{1} << 40})
            .starts_with("MODEL_INVALID: the file is truncated: tensor 'token_embd.weight' needs"));
}

TEST(gguf_reader_refuses_unknown_tensor_types) {
  for (const uint32_t type : {4U, 31U, 43U, 0xFFFFFFFFU}) {
    CHECK_EQ(WithFirstTensor([&](DraftTensor& tensor) { tensor.type = type; }),
             "MODEL_UNSUPPORTED: tensor 'token_embd.weight' has the type " + std::to_string(type) +
                 ", which llama.cpp cannot read");
  }
}

TEST(gguf_reader_refuses_invalid_offsets) {
  const auto with_offset = [](uint64_t offset) {
    return WithFirstTensor([&](DraftTensor& tensor) { tensor.claimed_offset = offset; });
  };
  const std::string tensor = "MODEL_INVALID: tensor 'token_embd.weight' has the offset ";
  CHECK_EQ(with_offset(7), tensor + "7, which is not a multiple of the alignment 32");
  CHECK_EQ(with_offset(32), tensor + "32; the tensors must follow each other, so it must be 0");
  CHECK_EQ(with_offset(kHuge), tensor +
                                   "9223372036854775808; the tensors must follow each "
                                   "other, so it must be 0");
}

}  // namespace
}  // namespace codellama::test
