# llama.cpp's tokenizers cannot be stopped, and cut text at the pieces that a vocabulary defines
# (`<|im_end|>`, runs of blanks) in time that grows with the square of their number.

set(tokenization_copy "${CMAKE_BINARY_DIR}/llama/llama-vocab.cpp")
set(check "codellama::ThrowIfInterrupted();")

change_source("${LLAMA_CPP_DIR}/src/llama-vocab.cpp" "${tokenization_copy}"
"#include \"llama-vocab.h\"
" "#include \"llama-vocab.h\"
#include \"interruption.h\"
"

# SentencePiece
"auto bigram = work_queue.top();" "${check} auto bigram = work_queue.top();"
"void try_add_bigram(int left, int right) {" "void try_add_bigram(int left, int right) { ${check}"
"void resegment(llm_symbol & symbol, std::vector<llama_token> & output) {
" "void resegment(llm_symbol & symbol, std::vector<llama_token> & output) {
        ${check}
"
# It reserves exact room for each character that it spells in bytes. That moves all tokens each time,
# so that a million line ends take minutes.
"            output.reserve(output.size() + symbol.n);
" ""

# Byte pair encoding
"for (const auto & word : word_collection) {" "for (const auto & word : word_collection) { ${check}"
"auto bigram = work_queue.pop_move();" "${check} auto bigram = work_queue.pop_move();"
"void add_new_bigram(int left, int right) {" "void add_new_bigram(int left, int right) { ${check}"
"const std::string str = std::string(symbol.text, symbol.n);
" "${check}
                const std::string str = std::string(symbol.text, symbol.n);
"
"for (; i + k <= seq.size(); i += k) {" "for (; i + k <= seq.size(); i += k) { ${check}"

# WordPiece
"for (const uint32_t cpt : cpts) {" "for (const uint32_t cpt : cpts) { ${check}"
"bool match = false;
" "${check}
                bool match = false;
"

# Unigram
"for (size_t input_offset = 0; input_offset < input_len;) {"
"for (size_t input_offset = 0; input_offset < input_len;) { ${check}"
"auto norm_res = normalize_prefix(input, input_offset);
" "${check}
            auto norm_res = normalize_prefix(input, input_offset);
"

# RWKV and PLaMo-2
"while (position < text.size()) {" "while (position < text.size()) { ${check}"
"uint32_t c = unicode_data[i];
" "${check}
            uint32_t c = unicode_data[i];
"

# Pieces that the vocabulary defines. To erase the text before such a piece, llama.cpp counts the
# fragments from the first one to it; `before` is the fragment in front of it.
"std::forward_list<fragment_buffer_variant>::iterator it = buffer.begin();
" "${check}
        auto before = buffer.before_begin();
        std::forward_list<fragment_buffer_variant>::iterator it = buffer.begin();
"
"                while (true) {
" "                while (true) {
                    ${check}
"
"auto source = std::distance(buffer.begin(), it);
" "
"
"buffer.emplace_after(it, special_id);
                    it++;
" "buffer.emplace_after(it, special_id);
                    it++;
                    const auto piece = it;
"
"if (source == 0) {
                            buffer.erase_after(buffer.before_begin());
                        } else {
                            buffer.erase_after(std::next(buffer.begin(), (source - 1)));
                        }
" "buffer.erase_after(before);
                        before = piece;
"
"            it++;
        }
    }
}
" "            before = it++;
        }
    }
}
"
)
replace_source(llama llama-vocab.cpp "${tokenization_copy}")
target_sources(llama PRIVATE "${CMAKE_CURRENT_LIST_DIR}/interruption.cc")
target_include_directories(llama PUBLIC "${CMAKE_CURRENT_LIST_DIR}" PRIVATE "${LLAMA_CPP_DIR}/src")
