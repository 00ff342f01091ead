#include "engine/text/tokenizer.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/text/control_token.h"
#include "llama.h"
#include "tokenization/interruption.h"

namespace codellama {

namespace {

// Ends that llama.cpp v0.5.0 does not know in Code Llama's vocabulary: it looks for an ASCII
// `_<EOT>`, and files of 2023 name no FIM tokens; `<step>` ends a turn of the 70B-instruct.
constexpr std::string_view kEndPieces[] = {"\u2581<EOT>", "<EOT>", "<step>"};

// A part of a control token's name may be a control token again.
constexpr size_t kMostCuts = 8;

// Where no piece of a control token's name reaches across: behind its "<", or else behind its first
// character.
size_t PlaceToCut(const std::string& name) {
  const size_t bracket = name.find('<');
  if (bracket != std::string::npos && bracket + 1 < name.size()) return bracket + 1;
  size_t end = 1;
  while (end < name.size() && (static_cast<uint8_t>(name[end]) & 0xc0) == 0x80) end++;
  return end;
}

}  // namespace

Tokenizer::Tokenizer(const llama_vocab* vocabulary, Token unknown)
    : vocabulary_(vocabulary), unknown_(unknown), size_(llama_vocab_n_tokens(vocabulary)) {
  special_.bos = llama_vocab_bos(vocabulary);
  special_.eos = llama_vocab_eos(vocabulary);
  special_.eot = llama_vocab_eot(vocabulary);
  special_.pad = llama_vocab_pad(vocabulary);
  special_.newline = llama_vocab_nl(vocabulary);
  special_.prefix = llama_vocab_fim_pre(vocabulary);
  special_.suffix = llama_vocab_fim_suf(vocabulary);
  special_.middle = llama_vocab_fim_mid(vocabulary);
  special_.repository = llama_vocab_fim_rep(vocabulary);
  special_.file_separator = llama_vocab_fim_sep(vocabulary);

  for (Token token = 0; token < size_; token++) {
    const std::string_view text = llama_vocab_get_text(vocabulary, token);
    longest_piece_ = std::max(longest_piece_, text.size());
    const bool named =
        std::find(std::begin(kEndPieces), std::end(kEndPieces), text) != std::end(kEndPieces);
    if (named || llama_vocab_is_eog(vocabulary, token)) end_of_generation_.push_back(token);
    if (text == "<step>") special_.step = token;
    if (named && special_.eot == kNoToken && text.ends_with("<EOT>")) special_.eot = token;
    is_control_.push_back(token != unknown && IsControlToken(vocabulary, token));
    if (IsControlToken(vocabulary, token)) AddControlToken(token);
  }
  std::sort(control_lengths_.begin(), control_lengths_.end(), std::greater<>());
  control_lengths_.erase(std::unique(control_lengths_.begin(), control_lengths_.end()),
                         control_lengths_.end());
}

void Tokenizer::AddControlToken(Token token) {
  std::string name = PieceText(token, true);
  if (name.empty()) return;
  control_lengths_.push_back(name.size());
  control_starts_.set(static_cast<uint8_t>(name[0]));
  control_tokens_.emplace(std::move(name), token);
}

std::unordered_map<std::string, Token>::const_iterator Tokenizer::FindControlToken(
    std::string_view text) const {
  if (!control_starts_.test(static_cast<uint8_t>(text[0]))) return control_tokens_.end();
  for (const size_t length : control_lengths_) {
    if (length > text.size()) continue;
    const auto found = control_tokens_.find(std::string(text.substr(0, length)));
    if (found != control_tokens_.end()) return found;
  }
  return control_tokens_.end();
}

std::vector<Token> Tokenizer::Encode(std::string_view text, bool bos, bool special) const {
  std::vector<Token> tokens = EncodeAsIs(text, special);
  if (!special) SpellOutControlTokens(&tokens, kMostCuts);
  if (bos && special_.bos != kNoToken) tokens.insert(tokens.begin(), special_.bos);
  return tokens;
}

std::vector<Token> Tokenizer::Encode(const std::vector<PromptPart>& parts, uint32_t limit,
                                     const std::atomic<bool>* stop) const {
  const Interruptible interruptible(stop);
  try {
    return EncodeParts(parts, limit);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::operation_canceled) throw;
    throw Error(ErrorCode::kAborted, "tokenising was cancelled");
  }
}

std::vector<Token> Tokenizer::EncodeParts(const std::vector<PromptPart>& parts,
                                          uint32_t limit) const {
  size_t bytes = 0;
  std::vector<PromptPart> pieces;
  const auto add = [&](PromptPart piece) {
    auto* text = std::get_if<PromptText>(&piece);
    auto* before = pieces.empty() ? nullptr : std::get_if<PromptText>(&pieces.back());
    if (text != nullptr && text->joined && before != nullptr) {
      before->text += text->text;
    } else {
      pieces.push_back(std::move(piece));
    }
  };
  for (const PromptPart& part : parts) {
    const auto* text = std::get_if<PromptText>(&part);
    if (text != nullptr) bytes += text->text.size();
    if (text == nullptr || !text->special) {
      add(part);
    } else {
      for (PromptPart& piece : SplitAtControlTokens(*text)) add(std::move(piece));
    }
  }
  CheckLength(bytes, limit);

  std::vector<Token> tokens;
  for (const PromptPart& piece : pieces) {
    if (const auto* token = std::get_if<Token>(&piece)) {
      tokens.push_back(*token);
    } else {
      const auto& text = std::get<PromptText>(piece);
      const std::vector<Token> encoded = EncodePlain(text.text, text.inside);
      tokens.insert(tokens.end(), encoded.begin(), encoded.end());
    }
  }
  CheckTokens(tokens);
  return tokens;
}

void Tokenizer::CheckLength(size_t bytes, uint32_t limit) const {
  if (bytes / longest_piece_ <= limit) return;
  throw Error(ErrorCode::kContextOverflow, "the prompt has " + std::to_string(bytes) +
                                               " or more bytes of text, but the context holds " +
                                               std::to_string(limit) + " tokens");
}

std::vector<Token> Tokenizer::EncodePlain(const std::string& text, bool inside) const {
  std::vector<Token> tokens = inside ? EncodeInside(text) : EncodeAsIs(text, false);
  SpellOutControlTokens(&tokens, kMostCuts);
  return tokens;
}

std::vector<PromptPart> Tokenizer::SplitAtControlTokens(const PromptText& text) const {
  std::vector<PromptPart> parts;
  PromptText plain{"", text.inside, false, text.joined};
  const auto end_plain = [&] {
    if (!plain.text.empty()) parts.emplace_back(plain);
    plain = {};
  };
  const std::string_view all = text.text;
  for (size_t at = 0; at < all.size();) {
    ThrowIfInterrupted();
    const auto found = FindControlToken(all.substr(at));
    if (found == control_tokens_.end()) {
      plain.text += all[at++];
    } else {
      end_plain();
      parts.emplace_back(found->second);
      at += found->first.size();
    }
  }
  end_plain();
  return parts;
}

std::vector<Token> Tokenizer::EncodeAsIs(std::string_view text, bool special) const {
  if (text.size() > std::numeric_limits<int32_t>::max()) {
    throw Error(ErrorCode::kInvalidArgument, "text is longer than 2 GiB");
  }
  // A token of llama.cpp has a byte of the text at least, and the space in front may be one more.
  std::vector<Token> tokens(text.size() + 8);
  const auto encode = [&] {
    return llama_tokenize(vocabulary_, text.data(), static_cast<int32_t>(text.size()),
                          tokens.data(), static_cast<int32_t>(tokens.size()), false, special);
  };
  int32_t count = 0;
  try {
    count = encode();
    if (count < 0 && count != std::numeric_limits<int32_t>::min()) {
      tokens.resize(static_cast<size_t>(-count));
      count = encode();
    }
  } catch (const std::out_of_range&) {  // thrown through llama.cpp's C interface
    throw Error(ErrorCode::kInvalidArgument,
                "text has a character that the model's vocabulary has no tokens for: neither the "
                "character nor its bytes");
  }
  if (count < 0) throw Error(ErrorCode::kInvalidArgument, "text cannot be tokenised");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

void Tokenizer::SpellOutControlTokens(std::vector<Token>* tokens, size_t depth) const {
  const auto is_control = [this](Token token) { return is_control_[static_cast<size_t>(token)]; };
  if (std::none_of(tokens->begin(), tokens->end(), is_control)) return;
  std::unordered_map<Token, std::vector<Token>> spellings;  // a text may repeat one a million times
  std::vector<Token> spelled;
  for (const Token token : *tokens) {
    ThrowIfInterrupted();
    if (!is_control(token)) {
      spelled.push_back(token);
      continue;
    }
    const auto [spelling, is_new] = spellings.try_emplace(token);
    if (is_new) spelling->second = SpellOut(token, depth);
    spelled.insert(spelled.end(), spelling->second.begin(), spelling->second.end());
  }
  tokens->swap(spelled);
}

std::vector<Token> Tokenizer::SpellOut(Token token, size_t depth) const {
  const std::string text = PieceText(token, true);
  const size_t cut = PlaceToCut(text);
  if (cut >= text.size() || depth == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "text has characters that the model's vocabulary has no tokens for except the "
                "control token " +
                    std::to_string(token));
  }
  std::vector<Token> spelled;
  for (const std::string& part : {text.substr(0, cut), text.substr(cut)}) {
    std::vector<Token> plain = EncodeInside(part);
    SpellOutControlTokens(&plain, depth - 1);
    spelled.insert(spelled.end(), plain.begin(), plain.end());
  }
  return spelled;
}

std::vector<Token> Tokenizer::EncodeInside(const std::string& text) const {
  if (llama_vocab_type(vocabulary_) != LLAMA_VOCAB_TYPE_SPM) return EncodeAsIs(text, false);
  // As Meta's reference does it: behind a character that merges with nothing, no space is added.
  static const std::string kBefore = "\u263A";
  std::vector<Token> tokens = EncodeAsIs(kBefore + text, false);
  const size_t before = EncodeAsIs(kBefore, false).size();
  tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(before));
  return tokens;
}

std::string Tokenizer::Decode(const std::vector<Token>& tokens, bool special) const {
  CheckTokens(tokens);
  // llama.cpp takes the dummy space off the first token only, even if that is an unseen BOS.
  const bool skip_bos = !special && !tokens.empty() && tokens[0] == special_.bos;
  const Token* first = tokens.data() + (skip_bos ? 1 : 0);
  const auto count = static_cast<int32_t>(tokens.size() - (skip_bos ? 1 : 0));
  std::string text(static_cast<size_t>(count) * 8 + 16, '\0');
  const auto decode = [&] {
    return llama_detokenize(vocabulary_, first, count, text.data(),
                            static_cast<int32_t>(text.size()), false, special);
  };
  int32_t length = decode();
  if (length < 0) {
    text.resize(static_cast<size_t>(-length));
    length = decode();
  }
  text.resize(static_cast<size_t>(std::max(length, 0)));
  return text;
}

std::string Tokenizer::Piece(Token token) const { return PieceText(token, false); }

std::string Tokenizer::NamedPiece(Token token) const {
  CheckTokens({token});
  return PieceText(token, true);
}

std::string Tokenizer::PieceText(Token token, bool special) const {
  std::string piece(32, '\0');
  const auto read = [&] {
    return llama_token_to_piece(vocabulary_, token, piece.data(),
                                static_cast<int32_t>(piece.size()), 0, special);
  };
  int32_t length = read();
  if (length < 0) {
    piece.resize(static_cast<size_t>(-length));
    length = read();
  }
  piece.resize(static_cast<size_t>(std::max(length, 0)));
  return piece;
}

const std::vector<std::pair<std::string, Token>>& Tokenizer::SortedPieces() const {
  std::call_once(pieces_sorted_, [this] {
    for (Token token = 0; token < size_; token++) {
      std::string piece = is_control_[static_cast<size_t>(token)] ? "" : Piece(token);
      if (!piece.empty()) sorted_pieces_.emplace_back(std::move(piece), token);
    }
    std::sort(sorted_pieces_.begin(), sorted_pieces_.end());
  });
  return sorted_pieces_;
}

std::vector<Token> Tokenizer::TokensThatSpell(const std::string& text) const {
  const auto& pieces = SortedPieces();
  const auto by_text = [](const auto& piece, const std::string& value) {
    return piece.first < value;
  };
  std::vector<Token> tokens;
  for (size_t length = 1; length < text.size(); length++) {
    const std::string beginning = text.substr(0, length);
    for (auto at = std::lower_bound(pieces.begin(), pieces.end(), beginning, by_text);
         at != pieces.end() && at->first == beginning; at++) {
      tokens.push_back(at->second);
    }
  }
  for (auto at = std::lower_bound(pieces.begin(), pieces.end(), text, by_text);
       at != pieces.end() && at->first.starts_with(text); at++) {
    tokens.push_back(at->second);
  }
  return tokens;
}

bool Tokenizer::IsEndOfGeneration(Token token) const {
  return std::binary_search(end_of_generation_.begin(), end_of_generation_.end(), token);
}

void Tokenizer::CheckTokens(const std::vector<Token>& tokens) const {
  for (size_t i = 0; i < tokens.size(); i++) {
    if (tokens[i] >= 0 && tokens[i] < size_) continue;
    throw Error(ErrorCode::kInvalidArgument,
                "token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) +
                    " is not in the vocabulary: ids go from 0 to " + std::to_string(size_ - 1));
  }
}

bool Tokenizer::adds_bos() const { return llama_vocab_get_add_bos(vocabulary_); }

}  // namespace codellama
