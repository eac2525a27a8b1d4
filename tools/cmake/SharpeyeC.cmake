# sharpeye::c: libsharpeye, the shared library behind <sharpeye/c_api.h>. It holds all of sharpeye::compiled and shows
# the functions of that header only. Nothing is compiled unless somebody links it or it is installed.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/sharpeye/c_api.h)
file(STRINGS ${PROJECT_SOURCE_DIR}/include/sharpeye/c_api.h abi_line REGEX "define SHARPEYE_C_ABI ")
string(REGEX MATCH "[0-9]+$" abi "${abi_line}")

sharpeye_bodies(bodies c)
set(sources)
sharpeye_compiled_source(sources c ${bodies})
add_library(sharpeye_c SHARED EXCLUDE_FROM_ALL ${sources})
add_library(sharpeye::c ALIAS sharpeye_c)
if(PROJECT_IS_TOP_LEVEL)
  sharpeye_target(sharpeye_c)
endif()
target_link_libraries(sharpeye_c PRIVATE sharpeye_compiled)
target_include_directories(sharpeye_c INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                $<INSTALL_INTERFACE:include>)
set_target_properties(sharpeye_c PROPERTIES OUTPUT_NAME sharpeye EXPORT_NAME c SOVERSION ${abi}
                                            CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
# Hidden visibility does not reach what the standard library's templates make.
set(exports ${PROJECT_BINARY_DIR}/compiled/libsharpeye.map)
file(CONFIGURE OUTPUT ${exports} CONTENT "SHARPEYE_@abi@ { global: sharpeye_*; local: *; };\n" @ONLY)
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -shared -Wl,--version-script=${exports})
check_cxx_source_compiles("extern \"C\" int sharpeye_nothing() { return 0; }" SHARPEYE_HAS_VERSION_SCRIPT)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(SHARPEYE_HAS_VERSION_SCRIPT)
  target_link_options(sharpeye_c PRIVATE -Wl,--version-script=${exports})
  set_target_properties(sharpeye_c PROPERTIES LINK_DEPENDS ${exports})
endif()
