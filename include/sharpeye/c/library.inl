#pragma once

/// @file
/// Bodies of c_api.h: the version, and the names of statuses.

#include "sharpeye/c_api.h"
#include "sharpeye/version.hpp"

extern "C" {

const char* sharpeye_version(void) {
  return SHARPEYE_VERSION_STRING;
}

int32_t sharpeye_c_abi(void) {
  return SHARPEYE_C_ABI;
}

const char* sharpeye_status_name(sharpeye_status status) {
  switch (status) {
    case SHARPEYE_OK: return "ok";
    case SHARPEYE_INVALID_ARGUMENT: return "invalid argument";
    case SHARPEYE_FILE_NOT_FOUND: return "file not found";
    case SHARPEYE_FILE_ACCESS: return "file access";
    case SHARPEYE_FORMAT: return "format";
    case SHARPEYE_CONFIG: return "config";
    case SHARPEYE_SHAPE: return "shape";
    case SHARPEYE_MISSING_TENSOR: return "missing tensor";
    case SHARPEYE_UNREAD_TENSOR: return "unread tensor";
    case SHARPEYE_NOT_FINITE: return "not finite";
    case SHARPEYE_LIMIT: return "limit";
    case SHARPEYE_UNSUPPORTED: return "unsupported";
    case SHARPEYE_CANCELLED: return "cancelled";
    case SHARPEYE_OUT_OF_MEMORY: return "out of memory";
    case SHARPEYE_INTERNAL: return "internal";
  }
  return "unknown";
}

}  // extern "C"
