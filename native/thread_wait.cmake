# Compiles ggml-cpu.c with the waits of thread_wait.h: a copy with four places changed, since ggml has
# no option for it. When llama.cpp changes one of them, this stops and says which.

function(change_text variable old new)
  string(FIND "${${variable}}" "${old}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "thread_wait.cmake does not find this in ggml-cpu.c any more:\n${old}")
  endif()
  string(REPLACE "${old}" "${new}" text "${${variable}}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

set(thread_wait_folder "${CMAKE_CURRENT_LIST_DIR}")
set(ggml_cpu_folder "${LLAMA_CPP_DIR}/ggml/src/ggml-cpu")
set(waiting_ggml_cpu "${CMAKE_BINARY_DIR}/ggml-cpu/ggml-cpu.c")

file(READ "${ggml_cpu_folder}/ggml-cpu.c" ggml_cpu)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${ggml_cpu_folder}/ggml-cpu.c")
change_text(ggml_cpu "//
// NUMA support
//
" "#include \"thread_wait.h\"

//
// NUMA support
//
")
change_text(ggml_cpu "    while (atomic_load_explicit(&tp->n_barrier_passed, memory_order_relaxed) == n_passed) {
        ggml_thread_cpu_relax();
    }
" "    codellama_wait_while(&tp->n_barrier_passed, n_passed);
")
change_text(ggml_cpu "        atomic_fetch_add_explicit(&tp->n_barrier_passed, 1, memory_order_seq_cst);
" "        atomic_fetch_add_explicit(&tp->n_barrier_passed, 1, memory_order_seq_cst);
        codellama_wake_all(&tp->n_barrier_passed);
")
# Between two graphs threads sleep too, when the next one does not follow within half a millisecond.
change_text(ggml_cpu "1024UL * 128 * threadpool->poll" "160UL * threadpool->poll")
# No path of this machine in the binary.
set(ggml_cpu "#line 1 \"llama.cpp/ggml/src/ggml-cpu/ggml-cpu.c\"\n${ggml_cpu}")
file(WRITE "${waiting_ggml_cpu}.new" "${ggml_cpu}")
configure_file("${waiting_ggml_cpu}.new" "${waiting_ggml_cpu}" COPYONLY) # only when it changed

# For a target of ggml's CPU backend.
function(let_threads_sleep target)
  get_target_property(sources ${target} SOURCES)
  set(found FALSE)
  foreach(source IN LISTS sources)
    if(source MATCHES "(^|/)ggml-cpu/ggml-cpu[.]c$")
      set(found TRUE)
      list(REMOVE_ITEM sources "${source}")
    endif()
  endforeach()
  if(NOT found)
    message(FATAL_ERROR "thread_wait.cmake does not find ggml-cpu.c among the sources of ${target}")
  endif()
  set_property(TARGET ${target} PROPERTY SOURCES ${sources} "${waiting_ggml_cpu}")
  target_include_directories(${target} PRIVATE "${ggml_cpu_folder}" "${thread_wait_folder}")
endfunction()
