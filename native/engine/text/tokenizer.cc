#include "engine/text/tokenizer.h"

#include <algorithm>
#include <functional>
#include <span>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/text/control_token.h"
#include "tokenization/interruption.h"

namespace codellama {

namespace {

// End tokens of Code Llama that llama.cpp v0.5.0 does not know: it looks for an ASCII `_<EOT>`, and
// files of 2023 name no FIM tokens. `<step>` ends a turn of the 70B-instruct model.
constexpr std::string_view kEndPieces[] = {"\u2581<EOT>", "<EOT>", "<step>"};

// Largest number of cuts of one control token's name: a part of a name may be a control token too.
constexpr size_t kMostCuts = 8;

// Place in the name of a control token that no piece spans: after its "<", or else after its first
// character.
size_t PlaceToCut(const std::string& name) {
  const size_t bracket = name.find('<');
  if (bracket != std::string::npos && bracket + 1 < name.size()) return bracket + 1;
  size_t end = 1;
  while (end < name.size() && (static_cast<uint8_t>(name[end]) & 0xc0) == 0x80) end++;
  return end;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const Vocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)),
      size_(vocabulary_->size()),
      special_(vocabulary_->special()) {
  for (Token token = 0; token < size_; token++) {
    const std::string_view text = vocabulary_->Text(token);
    longest_piece_ = std::max(longest_piece_, text.size());
    const bool named =
        std::find(std::begin(kEndPieces), std::end(kEndPieces), text) != std::end(kEndPieces);
    if (named || vocabulary_->IsEndOfGeneration(token)) end_of_generation_.push_back(token);
    if (text == "<step>") special_.step = token;
    if (named && special_.eot == kNoToken && text.ends_with("<EOT>")) special_.eot = token;
    const bool is_control = IsControlToken(*vocabulary_, token);
    is_control_.push_back(is_control && token != vocabulary_->unknown());
    if (is_control) AddControlToken(token);
  }
  std::sort(control_lengths_.begin(), control_lengths_.end(), std::greater<>());
  control_lengths_.erase(std::unique(control_lengths_.begin(), control_lengths_.end()),
                         control_lengths_.end());
}

void Tokenizer::AddControlToken(Token token) {
  std::string name = vocabulary_->Piece(token, true);
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
  std::vector<Token> tokens = vocabulary_->Tokenize(text, special);
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
  std::vector<Token> tokens = inside ? EncodeInside(text) : vocabulary_->Tokenize(text, false);
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

void Tokenizer::SpellOutControlTokens(std::vector<Token>* tokens, size_t depth) const {
  const auto is_control = [this](Token token) { return is_control_[static_cast<size_t>(token)]; };
  if (std::none_of(tokens->begin(), tokens->end(), is_control)) return;
  // A text may repeat one name a million times.
  std::unordered_map<Token, std::vector<Token>> spellings;
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
  const std::string text = vocabulary_->Piece(token, true);
  const size_t cut = PlaceToCut(text);
  if (cut >= text.size() || depth == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "text has characters that the model's vocabulary has no tokens for, except the "
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
  if (!vocabulary_->is_sentence_piece()) return vocabulary_->Tokenize(text, false);
  // Meta's reference does the same: after a character that merges with nothing, SentencePiece adds
  // no space.
  static const std::string kBefore = "\u263A";
  std::vector<Token> tokens = vocabulary_->Tokenize(kBefore + text, false);
  const size_t before = vocabulary_->Tokenize(kBefore, false).size();
  tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(before));
  return tokens;
}

std::string Tokenizer::Decode(const std::vector<Token>& tokens, bool special) const {
  CheckTokens(tokens);
  // llama.cpp removes the dummy space from the first token only, even if that is a hidden BOS.
  const bool skips_bos = !special && !tokens.empty() && tokens[0] == special_.bos;
  return vocabulary_->Detokenize(std::span(tokens).subspan(skips_bos ? 1 : 0), special);
}

std::string Tokenizer::Piece(Token token) const { return vocabulary_->Piece(token, false); }

std::string Tokenizer::NamedPiece(Token token) const {
  CheckTokens({token});
  return vocabulary_->Piece(token, true);
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

bool Tokenizer::HasSameTokens(const Tokenizer& other) const {
  if (size_ != other.size_) return false;
  for (Token token = 0; token < size_; token++) {
    if (vocabulary_->Text(token) != other.vocabulary_->Text(token)) return false;
  }
  return true;
}

}  // namespace codellama
