#pragma once

/// @file
/// PBM, PGM, PPM and PAM: the samples that Pillow gives.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes behind the checks of read_pnm_structure(). Samples are scaled from their maximum to 255 and rounded to even,
/// but for P2 and P5 with a maximum above 255: Pillow scales those to 65535 and clips them to 255, and so does this. Of
/// PAM (P7), which Pillow does not read, all samples are scaled, and alpha is dropped.
class PnmDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kPnm; }
  std::string library() const override { return "sharpeye"; }
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/pnm_decoder.inl"
#endif
