# Our changes to llama.cpp: patches/*.patch, applied in the order of their names to copies of
# llama.cpp's files in the build folder. CONTRIBUTING.md says how to change one.
#
# CMakeLists.txt includes this file. As a script it applies patches to a folder of its own:
#   cmake -DSOURCE=native/llama.cpp -DOUTPUT=FOLDER "-DPATCHES=a.patch;b.patch" -P patches.cmake
cmake_minimum_required(VERSION 3.19)

set(patches_folder "${CMAKE_CURRENT_LIST_DIR}/patches")
set(patches_pin "${CMAKE_CURRENT_LIST_DIR}/../llama.cpp.json")

# The files that a patch changes, relative to llama.cpp's folder.
function(read_patched_files patch result)
  file(STRINGS "${patch}" lines REGEX "^[+][+][+] b/")
  list(TRANSFORM lines REPLACE "^[+][+][+] b/([^\t]*).*" "\\1")
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()

# Applies one patch in `folder`, or stops and names the patch, the pin and the place.
function(apply_patch patch source folder)
  find_program(NODE_CODELLAMA_GIT git)
  find_program(NODE_CODELLAMA_PATCH patch)
  set(git_fails TRUE)
  if(NODE_CODELLAMA_GIT)
    execute_process(COMMAND "${NODE_CODELLAMA_GIT}" --version
      RESULT_VARIABLE git_fails OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(NOT git_fails)
    # No repository above the folder, no caller's repository and no setting may change the result.
    get_filename_component(ceiling "${folder}" DIRECTORY)
    set(apply ${CMAKE_COMMAND} -E env --unset=GIT_DIR --unset=GIT_WORK_TREE --unset=GIT_INDEX_FILE
      "GIT_CEILING_DIRECTORIES=${ceiling}" "${NODE_CODELLAMA_GIT}" apply --whitespace=nowarn "${patch}")
    set(check ${apply} --check)
  elseif(NODE_CODELLAMA_PATCH)
    set(apply "${NODE_CODELLAMA_PATCH}" -p1 -N -i "${patch}")
    set(check ${apply} --dry-run)
  else()
    message(FATAL_ERROR "To patch llama.cpp, git or patch must be on PATH.")
  endif()
  foreach(command IN ITEMS check apply)
    execute_process(COMMAND ${${command}} WORKING_DIRECTORY "${folder}"
      RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(failed)
      file(READ "${patches_pin}" pin)
      string(JSON version GET "${pin}" version)
      string(JSON commit GET "${pin}" commit)
      get_filename_component(name "${patch}" NAME)
      string(STRIP "${output}" output)
      string(REPLACE "\n" "\n  " output "${output}")
      # CMake keeps the line breaks of indented lines.
      message(FATAL_ERROR
        "\n  native/kernels/patches/${name} does not apply to ${source}\n"
        "  (pinned: llama.cpp ${version}, commit ${commit}):\n\n  ${output}\n\n"
        "  Adapt the patch: CONTRIBUTING.md, \"Moving to another llama.cpp\".\n")
    endif()
  endforeach()
endfunction()

# Makes `output` hold the patched files. A file is written only when its text changes, so that only
# changed files are compiled again. Sets `result` to the files' names.
function(apply_patches patches source output result)
  set(state "")
  set(files "")
  foreach(patch IN LISTS patches)
    file(SHA256 "${patch}" hash)
    list(APPEND state "${patch}" ${hash})
    read_patched_files("${patch}" of_patch)
    list(APPEND files ${of_patch})
  endforeach()
  list(REMOVE_DUPLICATES files)
  foreach(file IN LISTS files)
    if(NOT EXISTS "${source}/${file}")
      message(FATAL_ERROR "${source} has no ${file}, which native/kernels/patches change.")
    endif()
    file(SHA256 "${source}/${file}" hash)
    list(APPEND state ${file} ${hash})
  endforeach()
  set(${result} "${files}" PARENT_SCOPE)

  set(stamp "${output}/applied.txt")
  set(applied "")
  if(EXISTS "${stamp}")
    file(READ "${stamp}" applied)
  endif()
  foreach(file IN LISTS files)
    if(NOT EXISTS "${output}/${file}")
      set(applied "")
    endif()
  endforeach()
  if(applied STREQUAL state)
    return()
  endif()
  set(scratch "${output}.new")
  file(REMOVE_RECURSE "${scratch}")
  foreach(file IN LISTS files)
    get_filename_component(folder "${scratch}/${file}" DIRECTORY)
    file(COPY "${source}/${file}" DESTINATION "${folder}")
  endforeach()
  foreach(patch IN LISTS patches)
    apply_patch("${patch}" "${source}" "${scratch}")
  endforeach()
  foreach(file IN LISTS files)
    execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different "${scratch}/${file}" "${output}/${file}")
  endforeach()
  file(REMOVE_RECURSE "${scratch}")
  file(WRITE "${stamp}" "${state}")
endfunction()

# Compiles the patched copies in place of the targets' own files. Each copy finds the headers beside
# the original and those under native/.
function(compile_patched_files source output files)
  set(unused ${files})
  foreach(target IN LISTS ARGN)
    get_target_property(folder ${target} SOURCE_DIR)
    get_target_property(sources ${target} SOURCES)
    set(new_sources "")
    foreach(name IN LISTS sources)
      get_filename_component(path "${name}" ABSOLUTE BASE_DIR "${folder}")
      file(RELATIVE_PATH file "${source}" "${path}")
      if(NOT file IN_LIST files)
        list(APPEND new_sources "${name}")
        continue()
      endif()
      list(REMOVE_ITEM unused ${file})
      list(APPEND new_sources "${output}/${file}")
      get_filename_component(original_folder "${path}" DIRECTORY)
      set_source_files_properties("${output}/${file}" TARGET_DIRECTORY ${target} PROPERTIES
        INCLUDE_DIRECTORIES "${original_folder};${CMAKE_CURRENT_FUNCTION_LIST_DIR}/..")
      if(NOT MSVC) # No path of this machine in the binary.
        set_source_files_properties("${output}/${file}" TARGET_DIRECTORY ${target} PROPERTIES
          COMPILE_OPTIONS "-ffile-prefix-map=${output}=llama.cpp")
      endif()
    endforeach()
    set_property(TARGET ${target} PROPERTY SOURCES ${new_sources})
  endforeach()
  if(unused)
    message(FATAL_ERROR "native/kernels/patches change files that no target compiles: ${unused}")
  endif()
endfunction()

# Patches the sources of the given targets.
function(patch_llama_cpp)
  set(output "${CMAKE_BINARY_DIR}/patched")
  file(GLOB patches CONFIGURE_DEPENDS "${patches_folder}/*.patch")
  apply_patches("${patches}" "${LLAMA_CPP_DIR}" "${output}" files)
  set(originals ${files})
  list(TRANSFORM originals PREPEND "${LLAMA_CPP_DIR}/")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patches} ${originals})
  compile_patched_files("${LLAMA_CPP_DIR}" "${output}" "${files}" ${ARGN})
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  apply_patches("${PATCHES}" "${SOURCE}" "${OUTPUT}" files)
endif()
