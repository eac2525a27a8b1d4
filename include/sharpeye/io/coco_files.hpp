#pragma once

/// @file
/// COCO's caption files: references of images, and the results that are scored against them.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A file of references or results has at most this many bytes.
inline constexpr std::uint64_t kCocoFileLimit = std::uint64_t{1} << 30;

/// An image with what people and a model wrote about it.
struct CocoImage {
  Json id;
  std::vector<std::string> references;
  std::optional<std::string> prediction;
};

/// Which text of a result is its caption, and how much of it.
struct CocoResultOptions {
  std::string field;                     ///< empty: "caption", or "refined" where there is none
  std::optional<Index> first_sentences;  ///< only the text before so many full stops
};

/// The images of a file of references, {"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}, in
/// the order in which the file names them. Without "images" they are read by the ids of the annotations.
class CocoCaptions {
 public:
  /// @param name of the file, for error messages @throws Error kFormat, kConfig
  CocoCaptions(std::string_view text, std::string name);

  std::vector<CocoImage>& images() { return images_; }
  const std::vector<CocoImage>& images() const { return images_; }

  /// Sets the predictions of the images: a JSON list, or one JSON object per line, each with "image_id", or with
  /// "image", the file_name or a path that ends as one.
  /// @throws Error kFormat, kConfig naming the entry: of no image or of several, or a second one of an image
  void add_results(std::string_view text, const std::string& name, const CocoResultOptions& options = {});

 private:
  void add_image(const JsonReader& reader);
  bool add(const Json& id);
  void add_result(const JsonReader& reader, const CocoResultOptions& options);
  CocoImage& find_id(const Json& id, const std::string& where);
  /// The image with this file_name; else the one whose file_name ends as the path does.
  CocoImage& find_name(const std::string& path, const std::string& where);

  std::string file_;
  std::vector<CocoImage> images_;
  std::unordered_map<std::string, std::size_t> by_id_, by_name_, by_last_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/coco_files.inl"
#endif
