# `cmake --install`: the headers, the command if it was built, and a package for find_package(sharpeye).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/sharpeye)

install(DIRECTORY include/sharpeye DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/sharpeye)
install(TARGETS sharpeye EXPORT sharpeyeTargets)
install(EXPORT sharpeyeTargets NAMESPACE sharpeye:: DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sharpeyeConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/sharpeyeConfigVersion.cmake tools/cmake/sharpeyeConfig.cmake
              tools/cmake/SharpeyeStb.cmake DESTINATION ${package_dir})
if(TARGET sharpeye_command)
  install(TARGETS sharpeye_command)
endif()
