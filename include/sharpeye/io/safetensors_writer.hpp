#pragma once

/// @file
/// Writing a safetensors file atomically, one tensor in memory at a time.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The bytes before the data: length, JSON, spaces up to a multiple of 8; with packed matrices, which are written
/// first, to a multiple of 64, so that they begin on a cache line. Tensors follow in the order of `tensors`.
/// @throws Error kInvalidArgument for a name that is twice there, reserved or not UTF-8, or a size that overflows;
/// kLimit beyond the format's limits.
std::string safetensors_header_bytes(const std::vector<TensorDeclaration>& tensors,
                                     const std::map<std::string, std::string>& metadata, const std::string& where);

/// Writes the declared tensors to `path`, replacing a file there only when the new one is complete on disk.
/// Order: packed matrices, then wider dtypes first (so that all data is aligned to its own width), then by name, as the
/// reference writes.
/// @param supply is called once per tensor in that order; what it returns must have the declared dtype and shape.
/// @throws Error kInvalidArgument, kLimit, kShape (supplied tensor differs), kFileAccess, or what `supply` throws;
/// the file at `path` is then unchanged.
void write_safetensors(const std::string& path, std::vector<TensorDeclaration> tensors,
                       const std::function<StoredTensor(const TensorDeclaration&)>& supply,
                       const std::map<std::string, std::string>& metadata = {});

/// Writes every tensor of `source` to `path`, as above. @throws Error also kUnsupported for a dtype that is only
/// listed.
void write_safetensors(const std::string& path, const TensorSource& source,
                       const std::map<std::string, std::string>& metadata = {});

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/safetensors_writer.inl"
#endif
