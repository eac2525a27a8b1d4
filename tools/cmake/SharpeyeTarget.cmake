# sharpeye_target(NAME): the warnings, sanitizers and link line of our own programs; never applied to consumers.
function(sharpeye_target name)
  target_link_libraries(${name} PRIVATE sharpeye::sharpeye)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(SHARPEYE_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
  if(SHARPEYE_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${SHARPEYE_SANITIZE} -fno-omit-frame-pointer
                                           -fno-sanitize-recover=all)
    target_link_options(${name} PRIVATE -fsanitize=${SHARPEYE_SANITIZE})
  endif()
endfunction()
