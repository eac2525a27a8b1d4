# find_package(sharpeye): sharpeye::sharpeye, and sharpeye::stb where stb is installed.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Eigen3 3.4)
find_dependency(nlohmann_json 3.11)
include(${CMAKE_CURRENT_LIST_DIR}/sharpeyeTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/SharpeyeStb.cmake)
