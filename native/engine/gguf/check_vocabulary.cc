#include "engine/gguf/check_vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/gguf_text.h"

namespace codellama {
namespace {

constexpr char kPrefix[] = "tokenizer.ggml.";
constexpr int64_t kByteToken = 6;  // LLAMA_TOKEN_TYPE_BYTE

// Limits on llama.cpp's memory, time and stack. It takes about a hundred bytes per token, the same
// per byte of text in a trie, and in places the square of a token's length. It walks a trie
// recursively. The largest real vocabularies have 262,144 tokens and 3 MB of text; their longest
// tokens have a few hundred bytes.
constexpr size_t kMaxTokens = size_t{1} << 21;
constexpr size_t kMaxMerges = size_t{1} << 22;
constexpr uint64_t kMaxTokenBytes = 4096;
constexpr uint64_t kMaxTextBytes = uint64_t{1} << 24;
constexpr uint64_t kMaxSquaredBytes = uint64_t{1} << 28;

constexpr uint32_t kNoToken = std::numeric_limits<uint32_t>::max();

// A kind of tokenizer, with llama.cpp's default special tokens.
struct TokenizerKind {
  std::string_view model;
  bool has_merges = false;
  uint32_t bos = kNoToken;
  uint32_t eos = kNoToken;
  bool adds_bos = false;  // the default; the file may override it
  bool adds_eos = false;
};

constexpr std::array<TokenizerKind, 10> kTokenizerKinds = {{
    {"llama", false, 1, 2, true, false},
    {"gpt2", true, 11, 11, true, false},
    {"gemma4", true, kNoToken, kNoToken, true, false},
    {"hybriddna", true, 11, 11, true, false},
    {"whitespace", true, 11, 11, true, false},
    {"bert", false, 101, kNoToken, true, false},
    {"t5", false, kNoToken, 1, false, true},
    {"rwkv"},
    {"plamo2", false, 1, 2, false, false},
    {"test"},
}};

class VocabularyCheck {
 public:
  explicit VocabularyCheck(const GgufChecker& checker) : checker_(checker) {}

  void Run() {
    ReadKind();
    ReadTokens();
    CheckDuplicates();
    CheckPerToken("scores");
    CheckPerToken("token_type");
    if (kind_.has_merges) CheckMerges();
    if (kind_.model == "bert") CheckNoByteTokens();
    if (kind_.model == "rwkv") CheckFirstBytes();
    if (kind_.model == "plamo2") CheckUtf8();
    CheckSpecialTokens();
  }

 private:
  static std::string Key(std::string_view name) { return kPrefix + std::string(name); }

  static std::string ElementKey(std::string_view name, size_t index) {
    return Key(name) + "[" + std::to_string(index) + "]";
  }

  // The token's text in llama.cpp: cut at a NUL, and never empty.
  std::string Token(size_t id) const {
    const std::string_view text = BeforeNul(tokens_->StringAt(id));
    return text.empty() ? "[EMPTY_" + std::to_string(id) + "]" : std::string(text);
  }

  void ReadKind() {
    const auto model = checker_.String(Key("model"));
    if (!model) {
      checker_.Fail(Key("model") + " is missing: the file has no tokenizer");
    }
    if (*model == "none" || *model == "no_vocab") {
      checker_.Fail(Key("model") + " is " + Quote(*model) + ": the file has no tokenizer",
                    ErrorCode::kModelUnsupported);
    }
    const auto kind =
        std::find_if(kTokenizerKinds.begin(), kTokenizerKinds.end(),
                     [&](const TokenizerKind& known) { return known.model == *model; });
    if (kind == kTokenizerKinds.end()) {
      checker_.Fail(Key("model") + " is " + Quote(*model) + ", which llama.cpp does not know",
                    ErrorCode::kModelUnsupported);
    }
    kind_ = *kind;
    const std::string_view pre = checker_.String(Key("pre")).value_or("");
    always_adds_bos_ =
        kind_.model == "gemma4" || pre == "gemma4" || pre == "granite-embed-multi-311m";
  }

  void ReadTokens() {
    tokens_ = checker_.Strings(Key("tokens"));
    if (!tokens_) checker_.Fail(Key("tokens") + " is missing");
    if (tokens_->size() == 0) checker_.Fail(Key("tokens") + " is empty");
    CheckSize("tokens", *tokens_, kMaxTokens);
    uint64_t bytes = 0;
    uint64_t squared_bytes = 0;
    for (size_t id = 0; id < tokens_->size(); ++id) {
      const uint64_t length = tokens_->StringAt(id).size();
      if (length > kMaxTokenBytes) {
        checker_.Fail(ElementKey("tokens", id) + " has " + std::to_string(length) +
                      " bytes; at most " + std::to_string(kMaxTokenBytes) + " are allowed");
      }
      bytes += length;
      squared_bytes += length * length;
    }
    if (bytes > kMaxTextBytes || squared_bytes > kMaxSquaredBytes) {
      checker_.Fail(Key("tokens") + " holds " + std::to_string(bytes) +
                    " bytes of text, more or longer texts than any real vocabulary");
    }
  }

  void CheckSize(std::string_view name, const GgufValue& array, size_t most) const {
    if (array.size() <= most) return;
    checker_.Fail(Key(name) + " has " + std::to_string(array.size()) + " elements; at most " +
                  std::to_string(most) + " are allowed");
  }

  // llama.cpp maps ids to texts and texts to ids, and aborts when the maps differ in size.
  void CheckDuplicates() const {
    std::deque<std::string> names_of_empty;
    std::vector<std::string_view> texts(tokens_->size());
    for (size_t id = 0; id < texts.size(); ++id) {
      texts[id] = BeforeNul(tokens_->StringAt(id));
      if (texts[id].empty()) texts[id] = names_of_empty.emplace_back(Token(id));
    }
    // A hash table of ids with open addressing: several times faster than std::unordered_set.
    constexpr uint32_t kFree = std::numeric_limits<uint32_t>::max();
    std::vector<uint32_t> slots(std::bit_ceil(2 * texts.size()), kFree);
    const size_t mask = slots.size() - 1;
    for (uint32_t id = 0; id < texts.size(); ++id) {
      size_t slot = std::hash<std::string_view>()(texts[id]) & mask;
      while (slots[slot] != kFree && texts[slots[slot]] != texts[id]) {
        slot = (slot + 1) & mask;
      }
      if (slots[slot] != kFree) {
        checker_.Fail(Key("tokens") + " holds the text " + Quote(texts[id]) + " twice, as " +
                      std::to_string(slots[slot]) + " and " + std::to_string(id));
      }
      slots[slot] = id;
    }
  }

  // Checks an array with one number per token.
  void CheckPerToken(std::string_view name) const {
    const GgufValue* value = checker_.file().Find(Key(name));
    if (!value) return;
    const bool may_be_float = name == "scores";
    const bool fits =
        value->type() == GgufType::kInt32 || (may_be_float && value->type() == GgufType::kFloat32);
    if (!value->is_array() || !fits) {
      checker_.Fail(Key(name) + " has the type " + value->TypeName() + "; it must be " +
                    (may_be_float ? "arr[f32] or arr[i32]" : "arr[i32]"));
    }
    if (value->size() < tokens_->size()) {
      checker_.Fail(Key(name) + " has " + std::to_string(value->size()) +
                    " elements; it must have one for each of " + std::to_string(tokens_->size()) +
                    " tokens");
    }
  }

  void CheckMerges() const {
    const GgufValue* merges = checker_.Strings(Key("merges"));
    if (!merges) return;
    CheckSize("merges", *merges, kMaxMerges);
    for (size_t i = 0; i < merges->size(); ++i) {
      const std::string_view merge = BeforeNul(merges->StringAt(i));
      if (merge.find(' ', 1) != std::string_view::npos) continue;
      checker_.Fail(ElementKey("merges", i) + " is " + Quote(merge) +
                    "; it must be two pieces separated by a space");
    }
  }

  // llama.cpp aborts when it converts a byte token of a WordPiece vocabulary to text.
  void CheckNoByteTokens() const {
    const GgufValue* types = checker_.file().Find(Key("token_type"));
    for (size_t id = 0; types && id < tokens_->size(); ++id) {
      if (types->IntegerAt(id) != kByteToken) continue;
      checker_.Fail(ElementKey("token_type", id) +
                    " is 6 (byte); a bert tokenizer must not have byte tokens");
    }
  }

  // llama.cpp's RWKV tokenizer loops forever at a byte that starts a token but is not a token
  // itself.
  void CheckFirstBytes() const {
    std::bitset<256> first_bytes;
    std::bitset<256> single_bytes;
    for (size_t id = 0; id < tokens_->size(); ++id) {
      const std::string bytes = UnescapeRwkv(Token(id));
      if (bytes.empty()) continue;
      const auto first = static_cast<uint8_t>(bytes[0]);
      first_bytes.set(first);
      if (bytes.size() == 1) single_bytes.set(first);
    }
    if ((first_bytes & ~single_bytes).none()) return;
    checker_.Fail(Key("tokens") +
                  " must hold a single-byte token for every first byte of a longer token");
  }

  static std::string UnescapeRwkv(std::string_view text) {
    std::string bytes;
    for (size_t i = 0; i < text.size() && bytes.size() < 2; ++i) {
      if (text[i] == '\\') {
        if (++i == text.size()) break;
        // The value of \xNN matters only for its first byte; llama.cpp skips both digits.
        if (text[i] == 'x') {
          if (i + 2 >= text.size()) break;
          bytes += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
          i += 2;
          continue;
        }
        bytes += text[i] == 't' ? '\t' : text[i] == 'n' ? '\n' : text[i] == 'r' ? '\r' : text[i];
        continue;
      }
      bytes += text[i];
    }
    return bytes;
  }

  // llama.cpp's value of a digit, which it also computes for other characters.
  static uint8_t HexDigit(char digit) {
    return static_cast<uint8_t>(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
  }

  // llama.cpp's PLaMo-2 tokenizer counts characters and assumes well-formed UTF-8.
  void CheckUtf8() const {
    for (size_t id = 0; id < tokens_->size(); ++id) {
      if (IsPlainUtf8(tokens_->StringAt(id))) continue;
      checker_.Fail(ElementKey("tokens", id) + " is " + Quote(tokens_->StringAt(id)) +
                    "; a plamo2 tokenizer needs valid UTF-8");
    }
  }

  void CheckSpecialTokens() const {
    for (const char* name : {"bos", "eos", "eot", "eom", "fim_pre", "fim_suf", "fim_mid", "fim_pad",
                             "fim_rep", "fim_sep", "prefix", "suffix", "middle"}) {
      const std::string key = Key(std::string(name) + "_token_id");
      if (checker_.Unsigned(key)) {
        checker_.Unsigned(key, 0, static_cast<uint32_t>(tokens_->size() - 1));
      }
    }
    // Generation does not need these, and llama.cpp ignores them when they are out of range.
    for (const char* name : {"unknown", "seperator", "padding", "mask"}) {
      checker_.Unsigned(Key(std::string(name) + "_token_id"));
    }
    for (const char* name : {"add_space_prefix", "remove_extra_whitespaces", "add_sep_token",
                             "normalizer.lowercase", "normalizer.strip_accents"}) {
      checker_.Bool(Key(name));
    }
    CheckAdded("add_bos_token", kind_.adds_bos, "bos_token_id", kind_.bos);
    CheckAdded("add_eos_token", kind_.adds_eos, "eos_token_id", kind_.eos);
    constexpr uint32_t kBertSeparator = 102;
    if (kind_.model == "bert") CheckAdded("", true, "seperator_token_id", kBertSeparator);
  }

  // llama.cpp aborts when it has to add a token that the vocabulary lacks.
  void CheckAdded(std::string_view flag, bool assumed_flag, std::string_view id,
                  uint32_t assumed_id) const {
    const bool is_forced = flag == "add_bos_token" && always_adds_bos_;
    const bool is_added = checker_.Bool(Key(flag)).value_or(assumed_flag) || is_forced;
    const uint32_t token = checker_.Unsigned(Key(id)).value_or(assumed_id);
    if (!is_added || token < tokens_->size() || assumed_id < tokens_->size()) return;
    checker_.Fail(Key(id) + " is missing, and the tokenizer adds this token to every text");
  }

  const GgufChecker& checker_;
  TokenizerKind kind_;
  bool always_adds_bos_ = false;  // llama.cpp ignores the file's `add_bos_token`
  const GgufValue* tokens_ = nullptr;
};

}  // namespace

void CheckVocabulary(const GgufChecker& checker) { VocabularyCheck(checker).Run(); }

}  // namespace codellama
