# Our dependencies: the installed package if there is one, else a download of one pinned version, checked by its hash.
# All are header-only except Google Benchmark and the image decoders, which are used only where they are installed. The headers' versions are Debian 12's, so that both ways build the same.
include(FetchContent)

# sharpeye_find(TARGET PACKAGE...): looks for an installed package, and shows its target to a parent project too.
macro(sharpeye_find target)
  if(NOT TARGET ${target})
    find_package(${ARGN} QUIET)
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endif()
endmacro()

# sharpeye_fetch_headers(NAME TARGET URL SHA256 [INCLUDE below the archive's root] [PARENT: the root's own name is part
# of the #include]): defines TARGET if it is still missing. The archive's own CMake is not run.
function(sharpeye_fetch_headers name target url sha256)
  if(TARGET ${target})
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 4 arg "PARENT" "INCLUDE" "")
  message(STATUS "sharpeye: ${name} is not installed here, taking ${url}")
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${sha256} SOURCE_SUBDIR headers-only
                               SOURCE_DIR ${FETCHCONTENT_BASE_DIR}/sharpeye-headers/${name})
  FetchContent_MakeAvailable(${name})
  set(include ${${name}_SOURCE_DIR}/${arg_INCLUDE})
  if(arg_PARENT)
    get_filename_component(include ${${name}_SOURCE_DIR} DIRECTORY)
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${include})
endfunction()

sharpeye_find(Threads::Threads Threads REQUIRED)

# Hash: conan-center-index, recipes/eigen/all/conandata.yml.
sharpeye_find(Eigen3::Eigen Eigen3 3.4 CONFIG)
sharpeye_fetch_headers(eigen Eigen3::Eigen https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.bz2
                       b4c198460eba6f28d34894e3a5710998818515104d6e74e5cc331ce31e46e626)

# Hash: Bazel http_archive entries for the release's json.tar.xz.
sharpeye_find(nlohmann_json::nlohmann_json nlohmann_json 3.11 CONFIG)
sharpeye_fetch_headers(nlohmann_json nlohmann_json::nlohmann_json
                       https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz
                       8c4b26bf4b422252e13f332bc5e388ec0ab5c3443d24399acb675e68278d341f INCLUDE include)

# Only stb_image_decoder.hpp needs stb, so a parent project that brings its own pixels need not have it. The Python
# package (SKBUILD) reads files.
# Hash: conan-center-index, recipes/stb/all/conandata.yml.
include(${CMAKE_CURRENT_LIST_DIR}/SharpeyeStb.cmake)
if(SHARPEYE_BUILD_TOOLS OR SHARPEYE_BUILD_TESTS OR SHARPEYE_BUILD_BENCH OR SHARPEYE_BUILD_FUZZ OR DEFINED SKBUILD)
  sharpeye_fetch_headers(stb sharpeye::stb
                         https://github.com/nothings/stb/archive/8b5f1f37b5b75829fc72d38e7b5d4bcbf8a26d55.zip
                         93a16ee3e866e719feec459f6f132cce932c5ec751eb38e3ec1975f911353d2e PARENT)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/SharpeyeDecoders.cmake)

if(SHARPEYE_BUILD_TOOLS)
  # Hash: conan-center-index, recipes/cli11/all/conandata.yml.
  sharpeye_find(CLI11::CLI11 CLI11 2.1 CONFIG)
  sharpeye_fetch_headers(cli11 CLI11::CLI11 https://github.com/CLIUtils/CLI11/archive/v2.1.2.tar.gz
                         26291377e892ba0e5b4972cdfd4a2ab3bf53af8dac1f4ea8fe0d1376b625c8cb INCLUDE include)
endif()

if(SHARPEYE_BUILD_TESTS)
  # Hash: Homebrew's formula for doctest 2.4.9.
  sharpeye_find(doctest::doctest doctest 2.4 CONFIG)
  sharpeye_fetch_headers(doctest doctest::doctest https://github.com/doctest/doctest/archive/refs/tags/v2.4.9.tar.gz
                         19b2df757f2f3703a5e63cee553d85596875f06d91a3333acd80a969ef210856)
endif()

if(SHARPEYE_BUILD_BENCH)
  # Hash: conan-center-index, recipes/benchmark/all/conandata.yml.
  sharpeye_find(benchmark::benchmark benchmark 1.7 CONFIG)
  if(NOT TARGET benchmark::benchmark)
    set(BENCHMARK_ENABLE_TESTING OFF)
    set(BENCHMARK_ENABLE_INSTALL OFF)
    set(BENCHMARK_ENABLE_WERROR OFF)
    FetchContent_Declare(benchmark URL https://github.com/google/benchmark/archive/refs/tags/v1.8.2.tar.gz
                         URL_HASH SHA256=2aab2980d0376137f969d92848fbb68216abb07633034534fc8c65cc4e7a0e93)
    FetchContent_MakeAvailable(benchmark)
  endif()
endif()
