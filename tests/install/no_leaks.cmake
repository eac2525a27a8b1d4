# sharpeye::sharpeye gives include paths, C++17 and its dependencies to a consumer, and nothing else.
foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS LINK_OPTIONS SOURCES PRECOMPILE_HEADERS)
  get_target_property(value sharpeye::sharpeye INTERFACE_${property})
  if(value)
    message(FATAL_ERROR "sharpeye::sharpeye leaks INTERFACE_${property}: ${value}")
  endif()
endforeach()
