# What this project changes in ggml's CPU backend: how threads wait (thread_wait.h), and products and
# attention on CPUs with AMX (amx_matmul.h, amx_attention.h). ggml has no options for them, so that copies of its
# files are compiled with a few places changed. When llama.cpp changes one of these, this stops and says which.

set(ggml_cpu_additions "${CMAKE_CURRENT_LIST_DIR}")
set(ggml_cpu_folder "${LLAMA_CPP_DIR}/ggml/src/ggml-cpu")
set(ggml_cpu_copies "${CMAKE_BINARY_DIR}/ggml-cpu")
set(changed_ggml_files)

# change_ggml_file(FILE OLD NEW [OLD NEW]...)
function(change_ggml_file file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${ggml_cpu_folder}/${file}")
  file(READ "${ggml_cpu_folder}/${file}" text)
  math(EXPR last "${ARGC} - 1")
  foreach(index RANGE 1 ${last} 2)
    math(EXPR next "${index} + 1")
    string(FIND "${text}" "${ARGV${index}}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "ggml_cpu.cmake does not find this in ${file} any more:\n${ARGV${index}}")
    endif()
    string(REPLACE "${ARGV${index}}" "${ARGV${next}}" text "${text}")
  endforeach()
  # No path of this machine in the binary.
  set(text "#line 1 \"llama.cpp/ggml/src/ggml-cpu/${file}\"\n${text}")
  file(WRITE "${ggml_cpu_copies}/${file}.new" "${text}")
  configure_file("${ggml_cpu_copies}/${file}.new" "${ggml_cpu_copies}/${file}" COPYONLY) # only when it changed
  set(changed_ggml_files ${changed_ggml_files} "${file}" PARENT_SCOPE)
endfunction()

change_ggml_file(ggml-cpu.c
"//
// NUMA support
//
" "#include \"attention.h\"
#include \"thread_wait.h\"

//
// NUMA support
//
"
"    while (atomic_load_explicit(&tp->n_barrier_passed, memory_order_relaxed) == n_passed) {
        ggml_thread_cpu_relax();
    }
" "    codellama_wait_while(&tp->n_barrier_passed, n_passed);
"
"        atomic_fetch_add_explicit(&tp->n_barrier_passed, 1, memory_order_seq_cst);
" "        atomic_fetch_add_explicit(&tp->n_barrier_passed, 1, memory_order_seq_cst);
        codellama_wake_all(&tp->n_barrier_passed);
"
# Between two graphs threads sleep too, when the next one does not follow within half a millisecond.
"1024UL * 128 * threadpool->poll" "160UL * threadpool->poll"
"                ggml_compute_forward_flash_attn_ext(params, tensor);
" "                if (!codellama_attention(params, tensor)) ggml_compute_forward_flash_attn_ext(params, tensor);
"
"cur += MAX(prefill, decode);" "cur += MAX(MAX(prefill, decode), codellama_attention_work_size(node, n_tasks));"
)

# The copies do not lie beside what they include.
change_ggml_file(amx/amx.cpp
"#include \"amx.h\"
#include \"common.h\"
#include \"mmq.h\"
" "#include \"amx/amx.h\"
#include \"amx/common.h\"
#include \"amx/mmq.h\"
#include \"amx_matmul.h\"
"
"work_size(int /* n_threads */, const struct ggml_tensor * op, size_t & size) override {
        size = ggml_backend_amx_desired_wsize(op);
" "work_size(int n_threads, const struct ggml_tensor * op, size_t & size) override {
        size = std::max(ggml_backend_amx_desired_wsize(op), codellama::AmxMatmulWorkSize(op, n_threads));
"
"op->ne[0] % (TILE_N * 2)" "op->ne[0] % (codellama::AmxMatmulTakes(src0) ? TILE_N : TILE_N * 2)"
)

change_ggml_file(amx/mmq.cpp
"#include \"amx.h\"
#include \"mmq.h\"
" "#include \"amx/amx.h\"
#include \"amx/mmq.h\"
#include \"amx_matmul.h\"
"
# Another kernel may have had other tiles in between.
"    static thread_local bool done = false;

    if (done) {
        return;
    }

" ""
"    _tile_loadconfig(&tc);
    done = true;
" "    _tile_loadconfig(&tc);
"
"quantize_row_q8_K_ref(x, (block_q8_K *)vy, k)" "codellama::QuantizeRowQ8K(x, vy, k)"
"void ggml_backend_amx_mul_mat(const ggml_compute_params * params, struct ggml_tensor * dst) {
" "void ggml_backend_amx_mul_mat(const ggml_compute_params * params, struct ggml_tensor * dst) {
    if (codellama::AmxMatmul(params, dst)) return;
"
"                        case 128: LAUNCH_TINYGEMM_KERNEL_VNNI(128); break;
                        case 96:"
"                        case 128: LAUNCH_TINYGEMM_KERNEL_VNNI(128); break;
                        case 112: LAUNCH_TINYGEMM_KERNEL_VNNI(112); break;
                        case 80: LAUNCH_TINYGEMM_KERNEL_VNNI(80); break;
                        case 48: LAUNCH_TINYGEMM_KERNEL_VNNI(48); break;
                        case 16: LAUNCH_TINYGEMM_KERNEL_VNNI(16); break;
                        case 96:"
)

# For a target of ggml's CPU backend.
function(change_ggml_cpu target)
  get_target_property(sources ${target} SOURCES)
  foreach(file IN LISTS changed_ggml_files)
    string(REPLACE "." "[.]" pattern "(^|/)ggml-cpu/${file}$")
    set(originals ${sources})
    list(FILTER originals INCLUDE REGEX "${pattern}")
    if(NOT originals)
      message(FATAL_ERROR "ggml_cpu.cmake does not find ${file} among the sources of ${target}")
    endif()
    list(FILTER sources EXCLUDE REGEX "${pattern}")
    list(APPEND sources "${ggml_cpu_copies}/${file}")
  endforeach()
  foreach(addition amx_attention amx_matmul attention row_attention)
    list(APPEND sources "${ggml_cpu_additions}/${addition}.cc")
  endforeach()
  set_property(TARGET ${target} PROPERTY SOURCES ${sources})
  target_include_directories(${target} PRIVATE "${ggml_cpu_folder}" "${ggml_cpu_additions}")
  if(NOT MSVC)
    # Each CPU with AMX's integers has its floats too, which ggml's own code does without.
    if(target MATCHES "sapphirerapids")
      target_compile_options(${target} PRIVATE -mamx-bf16)
    endif()
    target_compile_options(${target} PRIVATE
      "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include \"${ggml_cpu_additions}/amx_tiles.h\">")
  endif()
endfunction()
