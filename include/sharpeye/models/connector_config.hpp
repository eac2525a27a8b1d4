#pragma once

/// @file
/// The form of the connectors' MLPs, and the first glance's connector.

#include <string>
#include <vector>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_limits.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// An MLP's form, in LLaVA's words. `mlp{n}x_gelu`: Linear(in, out), then n - 1 times GELU and Linear(out, out).
/// `mlp{n}x_bott{e}x_gelu`: width e * out inside, and no activation before the last Linear (the authors' code). Instead
/// of `gelu` another activation may stand. `..._norm`: the result goes through a layer norm (GIT).
struct MlpType {
  Index depth = 2;
  Index expansion = 0;  ///< e, or 0 for the plain form
  bool norm = false;
  Activation activation = Activation::kGelu;

  /// @param where names the key. @throws Error kConfig
  static MlpType from_text(const std::string& text, const std::string& where);
  std::string to_text() const;
};

/// The hidden states of some layers, prefix tokens dropped: concatenated on the channel axis [N, m * d], or level after
/// level on the token axis [m * N, d].
enum class FeatureConcat { kChannel, kToken };

/// Which rows of a hidden state are visual tokens: those of the patches, all but the first one (LLaVA's "default",
/// which means the class token), or all.
enum class FeatureSelect { kPatches, kDefault, kFull };

/// `connector`: the MLP of the first glance and the layers that it reads.
struct ConnectorConfig {
  MlpType type{4, 4};
  std::vector<Index> vision_feature_layers{23};  ///< Hugging Face's numbering; several are concatenated by channel

  FeatureSelect select = FeatureSelect::kPatches;  ///< `vision_feature_select_strategy`
  double layer_norm_eps = 1e-5;                    ///< where `type` has a norm

  Index pixel_shuffle = 1;  ///< blocks of so many by so many patches become one visual token, see pixel_shuffle()
  bool bias = true;         ///< of the MLP's matrices

  /// The rows at the beginning of a hidden state that are left out. @param num_prefix_tokens of the tower
  Index num_skipped_tokens(Index num_prefix_tokens) const {
    return select == FeatureSelect::kFull ? 0 : select == FeatureSelect::kDefault ? 1 : num_prefix_tokens;
  }

  /// @throws Error kConfig naming the key.
  static ConnectorConfig from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/connector_config.inl"
#endif
