# Adds our kernels to a target of ggml's CPU backend. ggml builds one for each kind of CPU.
function(add_cpu_kernels target)
  file(GLOB kernels CONFIGURE_DEPENDS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/*.cc")
  target_sources(${target} PRIVATE ${kernels})
  target_include_directories(${target} PRIVATE "${LLAMA_CPP_DIR}/ggml/src/ggml-cpu")
  if(MSVC)
    return()
  endif()
  # Every CPU with AMX's integer products has its bfloat16 products too. ggml does not use those.
  if(target MATCHES "sapphirerapids")
    target_compile_options(${target} PRIVATE -mamx-bf16)
  endif()
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include \"${CMAKE_CURRENT_FUNCTION_LIST_DIR}/amx_tiles.h\">")
endfunction()
