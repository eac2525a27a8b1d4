#pragma once

/// @file
/// CLIP-style pre-training of a vision tower: images and captions, each embedded by its own tower, are matched within a
/// batch (Radford et al. 2021).

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/models/clip_vision.hpp"
#include "sharpeye/models/opt.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A vision tower with CLIP's head, and a causal text tower that is only needed for this training. Tensor names as in
/// Hugging Face's CLIPModel, except that the text tower is an OPT decoder.
template <class Ops>
class ContrastiveModel {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param projection_size width of the common space. `logit_scale` is a tensor of one element, the logarithm of the
  /// factor of the cosines.
  ContrastiveModel(const ClipVisionConfig& vision, const OptConfig& text, Index projection_size, WeightLoader& loader)
      : vision_(vision, loader.root("vision_tower.vision_model"), vision.num_hidden_layers),
        last_layer_(vision.num_hidden_layers),
        post_layernorm_(loader.root("vision_tower.vision_model.post_layernorm"), vision.hidden_size,
                        vision.layer_norm_eps),
        visual_projection_(loader.root("visual_projection"), vision.hidden_size, projection_size, false),
        text_(text, loader.root("text_model.decoder")),
        text_projection_(loader.root("text_projection"), text.word_embed_proj_dim, projection_size, false),
        logit_scale_(loader.root("").get("logit_scale", {1})) {}

  /// pixel_values [3, s, s] -> [1, projection_size], from the class token
  Tensor image(Ops& ops, const std::vector<float>& pixel_values) const {
    const Tensor state = vision_(ops, pixel_values, {last_layer_}).front();
    return visual_projection_(ops, post_layernorm_(ops, ops.slice_rows(state, 0, 1)));
  }

  /// ids [n] -> [1, projection_size], from the last token, which has seen the others
  Tensor text(Ops& ops, const std::vector<std::int32_t>& ids) const {
    auto cache = text_.make_cache(static_cast<Index>(ids.size()));
    return text_projection_(ops, text_.step(ops, text_.embed(ops, ids), cache, 1));
  }

  /// [1, 1]
  Tensor logit_scale(Ops& ops) const { return ops.rows(logit_scale_, {0}); }

 private:
  ClipVision<Ops> vision_;
  Index last_layer_;
  nn::LayerNorm<Ops> post_layernorm_;
  nn::Linear<Ops> visual_projection_;
  Opt<Ops> text_;
  nn::Linear<Ops> text_projection_;
  typename Ops::Matrix logit_scale_;
};

/// The loss of a batch and its gradients.
template <class S>
struct ContrastiveLoss {
  S loss = 0;
  S accuracy = 0;  ///< share of images whose nearest caption is right
  Matrix<S> images, texts;
  S logit_scale = 0;
};

/// (H(q, softmax(L)) + H(q, softmax(L^T))) / 2, averaged over the batch, with L = e^logit_scale * cosines. Equal
/// captions are equally right: q is uniform over them.
/// @param images, texts embeddings [n, size], row i of one belonging to row i of the other
/// @param caption_of [n]: equal numbers mean equal captions
template <class S>
ContrastiveLoss<S> contrastive_loss(const Matrix<S>& images, const Matrix<S>& texts, S logit_scale,
                                    const std::vector<Index>& caption_of) {
  const Index n = images.rows();
  const auto normalised = [](const Matrix<S>& x) {
    return Matrix<S>(x.array().colwise() / x.rowwise().norm().array());
  };
  const Matrix<S> u = normalised(images), v = normalised(texts);
  const Matrix<S> cosines = u * v.transpose();
  const S factor = std::exp(logit_scale);
  Matrix<S> right(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      right(i, j) = caption_of[static_cast<std::size_t>(i)] == caption_of[static_cast<std::size_t>(j)] ? S(1) : S(0);
  }
  const Matrix<S> target = right.array().colwise() / right.rowwise().sum().array();

  ContrastiveLoss<S> result;
  // The gradient by the logits of one direction: (softmax - target) / 2n.
  const auto direction = [&](const Matrix<S>& logits) {
    Matrix<S> p = (logits.array().colwise() - logits.rowwise().maxCoeff().array()).exp();
    p = p.array().colwise() / p.rowwise().sum().array().eval();
    result.loss -= (target.array() * p.array().max(S(1e-30)).log()).sum() / static_cast<S>(2 * n);
    return Matrix<S>((p - target) / static_cast<S>(2 * n));
  };
  const Matrix<S> logits = cosines * factor;
  const Matrix<S> turned = logits.transpose();
  Matrix<S> gradient = direction(logits);
  gradient += direction(turned).transpose();
  for (Index i = 0; i < n; ++i) {
    Index best;
    cosines.row(i).maxCoeff(&best);
    result.accuracy += right(i, best) / static_cast<S>(n);
  }
  result.logit_scale = (gradient.array() * logits.array()).sum();
  // Through u = x / |x|: (g - u (u . g)) / |x|
  const auto through_norm = [](const Matrix<S>& g, const Matrix<S>& unit, const Matrix<S>& x) {
    const Matrix<S> along = unit.array().colwise() * (unit.array() * g.array()).rowwise().sum();
    return Matrix<S>((g - along).array().colwise() / x.rowwise().norm().array());
  };
  result.images = through_norm(factor * (gradient * v), u, images);
  result.texts = through_norm(factor * (gradient.transpose() * u), v, texts);
  return result;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
