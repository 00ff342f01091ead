# llama.cpp cuts text into words by std::regex, which calls itself for each character: a long word
# overflows the stack, and a long run of blanks takes time that grows with its square. SplitWords
# finds the same words without either.

set(pretokenizer_copy "${CMAKE_BINARY_DIR}/llama/unicode.cpp")

change_source("${LLAMA_CPP_DIR}/src/unicode.cpp" "${pretokenizer_copy}"
"#include \"unicode-data.h\"
" "#include \"unicode-data.h\"
#include \"split_words.h\"
"
"bpe_offsets = unicode_regex_split_stl(text_collapsed, regex_expr_collapsed, bpe_offsets);
" "bpe_offsets = codellama::SplitWords(text_collapsed, regex_expr_collapsed, bpe_offsets);
"
"bpe_offsets = unicode_regex_split_stl(wtext, wregex_expr, bpe_offsets);
" "bpe_offsets = codellama::SplitWords(wtext, wregex_expr, bpe_offsets);
"
)
replace_source(llama unicode.cpp "${pretokenizer_copy}")

file(GLOB pretokenizer_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cc")
list(FILTER pretokenizer_sources EXCLUDE REGEX "interruption[.]cc$")
add_library(pretokenizer STATIC ${pretokenizer_sources})
target_compile_features(pretokenizer PRIVATE cxx_std_20)
target_include_directories(pretokenizer PUBLIC "${CMAKE_CURRENT_LIST_DIR}")
set_target_properties(pretokenizer PROPERTIES
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_link_libraries(llama PRIVATE pretokenizer)
target_include_directories(llama PRIVATE "${LLAMA_CPP_DIR}/src")
