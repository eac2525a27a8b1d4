# sharpeye::stb, where <stb/stb_image.h> is installed; for sharpeye/io/stb_image_decoder.hpp. Installed with the package.
find_path(SHARPEYE_STB_INCLUDE_DIR stb/stb_image.h)
mark_as_advanced(SHARPEYE_STB_INCLUDE_DIR)
if(SHARPEYE_STB_INCLUDE_DIR AND NOT TARGET sharpeye::stb)
  add_library(sharpeye::stb INTERFACE IMPORTED GLOBAL)
  set_target_properties(sharpeye::stb PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${SHARPEYE_STB_INCLUDE_DIR}")
endif()
