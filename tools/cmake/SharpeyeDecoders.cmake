# The libraries that decode images as Pillow does. Without them stb_image reads JPEG and PNG, and nothing reads WebP.
# sharpeye_decoder_macros: what sharpeye::compiled defines to use them; sharpeye_decoder_libraries: what it links.
set(sharpeye_decoder_macros)
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
    if(NOT TARGET sharpeye_decoder_${name})
      add_library(sharpeye_decoder_${name} INTERFACE IMPORTED GLOBAL)
      set_target_properties(sharpeye_decoder_${name} PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${SHARPEYE_${name}_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "${SHARPEYE_${name}_LIBRARY}")
    endif()
    list(APPEND sharpeye_decoder_macros SHARPEYE_HAS_${name}=1)
    list(APPEND sharpeye_decoder_libraries sharpeye_decoder_${name})
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
