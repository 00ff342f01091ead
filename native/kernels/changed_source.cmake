# Compiles copies of llama.cpp's files with a few places changed. When llama.cpp changes one of these
# places, the configuration stops and says which.

# change_source(ORIGINAL COPY OLD NEW [OLD NEW]...)
function(change_source original copy)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${original}")
  file(READ "${original}" text)
  math(EXPR last "${ARGC} - 1")
  foreach(index RANGE 2 ${last} 2)
    math(EXPR next "${index} + 1")
    string(FIND "${text}" "${ARGV${index}}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "llama.cpp changed. ${original} lacks this place:\n${ARGV${index}}")
    endif()
    string(REPLACE "${ARGV${index}}" "${ARGV${next}}" text "${text}")
  endforeach()
  # No path of this machine in the binary.
  file(RELATIVE_PATH name "${LLAMA_CPP_DIR}" "${original}")
  file(WRITE "${copy}.new" "#line 1 \"llama.cpp/${name}\"\n${text}")
  configure_file("${copy}.new" "${copy}" COPYONLY) # writes only when the text changed
endfunction()

# Compiles `copy` in place of the target's source file whose path ends in `name`.
function(replace_source target name copy)
  get_target_property(sources ${target} SOURCES)
  string(REPLACE "." "[.]" pattern "(^|/)${name}$")
  set(others ${sources})
  list(FILTER others EXCLUDE REGEX "${pattern}")
  if(sources STREQUAL others)
    message(FATAL_ERROR "llama.cpp changed. ${target} has no source file ${name}")
  endif()
  set_property(TARGET ${target} PROPERTY SOURCES ${others} "${copy}")
endfunction()
