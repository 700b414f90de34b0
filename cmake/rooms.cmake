# A room is one target with one include root: src/<room>/ holds <room>/*.hpp, so that "os/process.hpp" is found by those
# alone that declare USES os. Links are PRIVATE: a user of a room declares every room whose headers it sees.
#
#   berth_room(NAME [USES room...] [VENDOR lib...] [TEST_USES room...] [TEST_VENDOR lib...] [GUEST] [HOT])
#
# *.cpp of the folder is the library, *_test.cpp its tests, *_fuzz.cpp one fuzzer each (corpus in corpus/<name>/).
# GUEST also builds the room a second time, static and without sanitizers, for berth-init.
# HOT rooms look at every byte: optimised in the form without optimisation, too, or tests with much output take minutes.
# Every declaration is appended to build/rooms.txt, which tests/house/rooms_test.py reads.

find_package(Threads REQUIRED)

set(BERTH_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
  -Wno-missing-designated-field-initializers -Wno-missing-field-initializers -Werror)
set(BERTH_SAN_FLAGS "")
if(BERTH_SANITIZE)
  set(BERTH_SAN_FLAGS -fsanitize=${BERTH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()
if(BERTH_COVERAGE)
  list(APPEND BERTH_SAN_FLAGS -fprofile-instr-generate -fcoverage-mapping)
endif()
if(BERTH_FUZZ_COVERAGE)
  list(APPEND BERTH_SAN_FLAGS -fsanitize=fuzzer-no-link)
endif()
set(BERTH_FUZZERS OFF)
if(BERTH_SANITIZE MATCHES "address")
  set(BERTH_FUZZERS ON)
endif()

add_library(berth_flags INTERFACE)
target_compile_options(berth_flags INTERFACE ${BERTH_WARNINGS} ${BERTH_SAN_FLAGS})
target_link_options(berth_flags INTERFACE ${BERTH_SAN_FLAGS})
target_compile_definitions(berth_flags INTERFACE BERTH_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(berth_flags INTERFACE Threads::Threads)

file(WRITE ${CMAKE_BINARY_DIR}/rooms.txt "")

function(berth_protobuf target dir out)
  file(GLOB protos CONFIGURE_DEPENDS ${dir}/*.proto)
  set(generated "")
  get_filename_component(room ${dir} NAME)
  get_filename_component(root ${dir} DIRECTORY)
  foreach(proto ${protos})
    get_filename_component(stem ${proto} NAME_WE)
      set(base ${out}/${room}/${stem}.pb)
    if(NOT TARGET proto_${room}_${stem})
      add_custom_command(OUTPUT ${base}.cc ${base}.h
        COMMAND ${CMAKE_COMMAND} -E make_directory ${out}/${room}
        COMMAND protoc -I ${root} --cpp_out=${out} ${proto}
        DEPENDS ${proto})
      add_custom_target(proto_${room}_${stem} DEPENDS ${base}.cc ${base}.h)
    endif()
    list(APPEND generated ${base}.cc)
    add_dependencies(${target} proto_${room}_${stem})
  endforeach()
  if(generated)
    set_source_files_properties(${generated} PROPERTIES GENERATED TRUE COMPILE_OPTIONS "-w")
    target_sources(${target} PRIVATE ${generated})
    target_include_directories(${target} SYSTEM PUBLIC ${out})
  endif()
endfunction()

function(berth_room name)
  cmake_parse_arguments(R "GUEST;HOT" "" "USES;VENDOR;TEST_USES;TEST_VENDOR" ${ARGN})
  string(JOIN "," uses ${R_USES})
  string(JOIN "," test_uses ${R_TEST_USES})
  string(JOIN "," vendor ${R_VENDOR})
  file(APPEND ${CMAKE_BINARY_DIR}/rooms.txt "${name}|${uses}|${test_uses}|${vendor}\n")
  set_property(GLOBAL PROPERTY berth_room_${name} ${R_USES} ${R_VENDOR} ${R_TEST_USES} ${R_TEST_VENDOR})

  set(dir ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  file(GLOB all CONFIGURE_DEPENDS ${dir}/*.cpp)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  file(GLOB protos ${dir}/*.proto)

  if(sources OR protos)
    add_library(${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${CMAKE_CURRENT_SOURCE_DIR})
  if(scope STREQUAL PUBLIC)
    target_link_libraries(${name} PRIVATE berth_flags ${R_USES} ${R_VENDOR})
    berth_protobuf(${name} ${dir} ${CMAKE_CURRENT_BINARY_DIR}/generated)
    if(R_HOT AND CMAKE_BUILD_TYPE STREQUAL "Debug")
      target_compile_options(${name} PRIVATE -O1)
    endif()
  endif()

  if(R_GUEST)
    if(scope STREQUAL PUBLIC)
      add_library(${name}_guest STATIC ${sources})
      target_compile_options(${name}_guest PRIVATE ${BERTH_WARNINGS} -Os -ffunction-sections -fdata-sections)
      target_compile_definitions(${name}_guest PRIVATE BERTH_VERSION="${PROJECT_VERSION}")
      set(guest_uses ${R_USES})
      list(TRANSFORM guest_uses APPEND _guest)
      set(guest_vendor ${R_VENDOR})
      if("fmt" IN_LIST guest_vendor)  # Debian has no static libfmt
        list(REMOVE_ITEM guest_vendor fmt)
        target_compile_definitions(${name}_guest PRIVATE FMT_HEADER_ONLY)
      endif()
      target_link_libraries(${name}_guest PRIVATE ${guest_uses} ${guest_vendor})
      berth_protobuf(${name}_guest ${dir} ${CMAKE_CURRENT_BINARY_DIR}/generated)
      target_include_directories(${name}_guest PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    else()
      add_library(${name}_guest INTERFACE)
      target_include_directories(${name}_guest INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE berth_flags ${name} ${R_USES} ${R_TEST_USES} ${R_VENDOR} ${R_TEST_VENDOR}
      gtest gmock gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()

  if(BERTH_FUZZERS)
    foreach(fuzzer ${fuzzers})
      get_filename_component(stem ${fuzzer} NAME_WE)
      set(target ${name}_${stem})
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE berth_flags ${name} ${R_USES} ${R_TEST_USES} ${R_VENDOR})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      set(corpus ${dir}/corpus/${stem})
      if(NOT EXISTS ${corpus})
        set(corpus "")
      endif()
      set(found ${CMAKE_BINARY_DIR}/fuzz/${target})
      file(MAKE_DIRECTORY ${found})
      add_test(NAME fuzz.${target}
        COMMAND ${target} -max_total_time=1 -seed=1 -rss_limit_mb=1024 -timeout=10 ${found} ${corpus})
      set_tests_properties(fuzz.${target} PROPERTIES TIMEOUT 120 LABELS fuzz
        WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    endforeach()
  endif()
endfunction()

# berth_app(NAME target [USES room...] [VENDOR lib...]): a composition root, apps/<folder>/*.cpp
function(berth_app name)
  cmake_parse_arguments(A "" "" "USES;VENDOR" ${ARGN})
  string(JOIN "," uses ${A_USES})
  string(JOIN "," vendor ${A_VENDOR})
  file(APPEND ${CMAKE_BINARY_DIR}/rooms.txt "app:${name}|${uses}||${vendor}\n")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE berth_flags ${A_USES} ${A_VENDOR})
endfunction()
