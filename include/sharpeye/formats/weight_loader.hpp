#pragma once

/// @file
/// The checks between a checkpoint and a model: every weight that is asked for is found, of the right shape, of a known
/// format and with sound elements; and every tensor of the file is asked for.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sharpeye/formats/number_kinds.hpp"
#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

class WeightScope;

/// Choices of a WeightLoader.
struct WeightOptions {
  bool allow_non_finite = false;  ///< accept NaN and infinite weights
  bool trust_panels = false;      ///< do not look at the elements of packed matrices
  ThreadPool* pool = nullptr;     ///< packs matrices; null: the calling thread alone
};

/// Hands out checked tensors of a source and remembers which ones were read. One thread at a time; it must outlive its
/// scopes (the tensors live on without it).
class WeightLoader {
 public:
  explicit WeightLoader(std::shared_ptr<const TensorSource> source, WeightOptions options = {});
  WeightLoader(const WeightLoader&) = delete;
  WeightLoader& operator=(const WeightLoader&) = delete;
  virtual ~WeightLoader() = default;

  /// The scope of everything below `prefix`, a dotted path; all tensors when it is empty.
  WeightScope root(std::string prefix = "");

  /// Whether there is a weight of this name, in rows or in panels.
  bool has(const std::string& name) const;
  /// Whether there is a tensor of this name or below this dotted path.
  bool has_prefix(const std::string& prefix) const;

  /// The weight of this full name in whatever format the file has it (see codecs.hpp); counts as read.
  /// @throws Error kMissingTensor, saying what the file has instead; kShape when shape or kind differ; kNotFinite,
  /// kFormat for elements; as the source.
  virtual WeightTensor get(const std::string& name, const std::vector<Index>& shape);

  /// Checks name, kind and shape of a weight as get() does, and reads no element; counts as read.
  void skip(const std::string& name, const std::vector<Index>& shape);
  /// A tensor as it is stored, of any kind; counts as read. @throws Error as the source
  StoredTensor get_stored(const std::string& name);

  /// Of the matrices that were handed out.
  NumberKinds kinds() const noexcept {
    return !has_integers_ ? NumberKinds::kFloats : has_floats_ ? NumberKinds::kMixed : NumberKinds::kIntegers;
  }

  /// Checks that nothing in the file was overlooked.
  /// @param ignored dotted paths of tensors that the model does not use.
  /// @throws Error kUnreadTensor naming up to five tensors and how many there are.
  void require_all_read(const std::vector<std::string>& ignored = {}) const;

  const TensorSource& source() const noexcept { return *source_; }

 private:
  // How the file holds a weight, as far as its header says.
  struct Located {
    const WeightCodec* codec;
    bool in_panels;
    WeightLayout layout;
  };
  Located locate(const std::string& name, const std::vector<Index>& shape) const;
  Located locate_rows(const std::string& name, const std::vector<Index>& shape) const;
  Located locate_panels(const std::string& name, const std::vector<Index>& shape) const;
  void check_beside(const TensorDeclaration& declared) const;
  WeightTensor::Floats get_beside(const TensorDeclaration& declared);
  [[noreturn]] void fail_missing(const std::string& name) const;

  std::shared_ptr<const TensorSource> source_;
  WeightOptions options_;
  std::vector<std::string> names_;
  std::set<std::string> read_;
  bool has_integers_ = false, has_floats_ = false;  // among matrices
  std::shared_ptr<LastingPages> pages_ = std::make_shared<LastingPages>();
  PassingPages rows_;  // of a matrix that is about to be packed
};

SHARPEYE_NAMESPACE_END

#include "sharpeye/formats/weight_scope.hpp"
#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/weight_loader.inl"
#endif
