# What this project changes in ggml's CPU backend: how threads wait (thread_wait.h), and products and
# attention on CPUs with AMX (amx_matmul.h, amx_attention.h). ggml has no options for them.

set(ggml_cpu_additions "${CMAKE_CURRENT_LIST_DIR}")
set(ggml_cpu_folder "${LLAMA_CPP_DIR}/ggml/src/ggml-cpu")
set(ggml_cpu_copies "${CMAKE_BINARY_DIR}/ggml-cpu")
set(changed_ggml_files ggml-cpu.c amx/amx.cpp amx/mmq.cpp)

change_source("${ggml_cpu_folder}/ggml-cpu.c" "${ggml_cpu_copies}/ggml-cpu.c"
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
change_source("${ggml_cpu_folder}/amx/amx.cpp" "${ggml_cpu_copies}/amx/amx.cpp"
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

change_source("${ggml_cpu_folder}/amx/mmq.cpp" "${ggml_cpu_copies}/amx/mmq.cpp"
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
  foreach(file IN LISTS changed_ggml_files)
    replace_source(${target} "ggml-cpu/${file}" "${ggml_cpu_copies}/${file}")
  endforeach()
  foreach(addition amx_attention amx_matmul attention row_attention)
    target_sources(${target} PRIVATE "${ggml_cpu_additions}/${addition}.cc")
  endforeach()
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
