# The libraries that decode images as Pillow does. Without them stb_image reads JPEG and PNG, and nothing reads WebP.
# sharpeye_decoder_macros: what sharpeye::compiled defines to use them; sharpeye_decoder_includes: where their headers
# are; sharpeye_decoder_libraries: what it links, as files, so that an installed library needs no package of theirs.
set(sharpeye_decoder_macros)
set(sharpeye_decoder_includes)
set(sharpeye_decoder_libraries)
set(sharpeye_decoders_missing)

# sharpeye_decoder(NAME HEADER LIBRARY): SHARPEYE_WITH_<NAME> is AUTO (if it is found), ON (an error if not) or OFF.
macro(sharpeye_decoder name header library)
  set(SHARPEYE_WITH_${name} AUTO CACHE STRING "Decode ${name} with lib${library}: AUTO, ON or OFF")
  set_property(CACHE SHARPEYE_WITH_${name} PROPERTY STRINGS AUTO ON OFF)
  find_path(SHARPEYE_${name}_INCLUDE_DIR ${header})
  find_library(SHARPEYE_${name}_LIBRARY ${library})
  mark_as_advanced(SHARPEYE_${name}_INCLUDE_DIR SHARPEYE_${name}_LIBRARY)
  if(SHARPEYE_WITH_${name} AND SHARPEYE_${name}_INCLUDE_DIR AND SHARPEYE_${name}_LIBRARY)
    list(APPEND sharpeye_decoder_macros SHARPEYE_HAS_${name}=1)
    list(APPEND sharpeye_decoder_includes ${SHARPEYE_${name}_INCLUDE_DIR})
    list(APPEND sharpeye_decoder_libraries ${SHARPEYE_${name}_LIBRARY})
  else()
    if(SHARPEYE_WITH_${name} AND NOT SHARPEYE_WITH_${name} STREQUAL "AUTO")
      message(FATAL_ERROR "SHARPEYE_WITH_${name}: expected ${header} and lib${library}, which are not installed")
    endif()
    list(APPEND sharpeye_decoders_missing lib${library})
  endif()
endmacro()

sharpeye_decoder(JPEG jpeglib.h jpeg)
sharpeye_decoder(PNG png.h png)
sharpeye_decoder(WEBP webp/decode.h webp)
