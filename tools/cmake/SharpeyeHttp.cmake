# cpp-httplib, for `sharpeye serve`. SHARPEYE_WITH_HTTP is AUTO (if it is found), ON (an error if not) or OFF. Debian's is
# a compiled library whose classes depend on macros that its pkg-config file knows; elsewhere it is one header.
# sharpeye::http is the target, where it was found.
set(SHARPEYE_WITH_HTTP AUTO CACHE STRING "Build sharpeye serve with cpp-httplib: AUTO, ON or OFF")
set_property(CACHE SHARPEYE_WITH_HTTP PROPERTY STRINGS AUTO ON OFF)
if(SHARPEYE_WITH_HTTP AND NOT TARGET sharpeye::http)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(SHARPEYE_HTTP QUIET IMPORTED_TARGET cpp-httplib)
  endif()
  find_path(SHARPEYE_HTTP_INCLUDE_DIR httplib.h)
  mark_as_advanced(SHARPEYE_HTTP_INCLUDE_DIR)
  if(TARGET PkgConfig::SHARPEYE_HTTP AND SHARPEYE_HTTP_INCLUDE_DIR)
    add_library(sharpeye::http ALIAS PkgConfig::SHARPEYE_HTTP)
  elseif(NOT SHARPEYE_WITH_HTTP STREQUAL "AUTO")
    message(FATAL_ERROR "SHARPEYE_WITH_HTTP: expected cpp-httplib and pkg-config, which are not installed")
  endif()
endif()
