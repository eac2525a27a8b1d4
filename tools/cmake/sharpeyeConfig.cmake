# find_package(sharpeye): sharpeye::sharpeye (header-only); sharpeye::compiled, sharpeye::compiled_training and sharpeye::c
# if they were installed; and sharpeye::stb where stb is installed.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Eigen3 3.4)
find_dependency(nlohmann_json 3.11)
include(${CMAKE_CURRENT_LIST_DIR}/sharpeyeTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/SharpeyeStb.cmake)
