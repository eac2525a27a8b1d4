# `cmake --install`: the headers, the compiled libraries and the command if they are built, and a package for
# find_package(sharpeye).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
if(SHARPEYE_INSTALL_COMPILED OR SHARPEYE_INSTALL_C)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sharpeye)
  set(any_machine "")
else()  # headers are the same for all machines
  set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/sharpeye)
  set(any_machine ARCH_INDEPENDENT)
endif()

install(DIRECTORY include/sharpeye DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/sharpeye)
install(TARGETS sharpeye EXPORT sharpeyeTargets)
if(SHARPEYE_INSTALL_COMPILED)
  set_target_properties(sharpeye_compiled sharpeye_compiled_training PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS sharpeye_compiled sharpeye_compiled_training EXPORT sharpeyeTargets)
endif()
if(SHARPEYE_INSTALL_C)
  set_target_properties(sharpeye_c PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS sharpeye_c EXPORT sharpeyeTargets)
  # For programs without CMake. Its paths are relative, so that the whole prefix may be moved.
  set(pc_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
  file(RELATIVE_PATH pc_prefix ${pc_dir} ${CMAKE_INSTALL_PREFIX})
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/sharpeye.pc @ONLY CONTENT [[prefix=${pcfiledir}/@pc_prefix@
Name: sharpeye
Description: @PROJECT_DESCRIPTION@: the library for C
Version: @PROJECT_VERSION@
Cflags: -I${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
Libs: -L${prefix}/@CMAKE_INSTALL_LIBDIR@ -lsharpeye
]])
  install(FILES ${PROJECT_BINARY_DIR}/sharpeye.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
install(EXPORT sharpeyeTargets NAMESPACE sharpeye:: DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sharpeyeConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion ${any_machine})
install(FILES ${PROJECT_BINARY_DIR}/sharpeyeConfigVersion.cmake tools/cmake/sharpeyeConfig.cmake
              tools/cmake/SharpeyeStb.cmake DESTINATION ${package_dir})
if(TARGET sharpeye_command)
  install(TARGETS sharpeye_command)
endif()
