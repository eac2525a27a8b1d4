# ctest runs header_only; building compiled runs it too.
add_custom_command(TARGET compiled POST_BUILD COMMAND compiled ${SHARPEYE_ARGUMENTS})
