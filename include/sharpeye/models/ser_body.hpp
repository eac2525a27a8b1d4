#pragma once

/// @file
/// What is inside a SeR-Connector: the interface of its Transformer, and its inputs. The paper's Transformer is in
/// self_attention_ser.hpp, the earlier one with queries in query_decoder_ser.hpp.

#include <functional>
#include <optional>
#include <vector>

#include "sharpeye/models/alike_tokens.hpp"
#include "sharpeye/models/ser_connector_config.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Image and initial caption at the connector's own width; separate levels (has_separate_levels()) follow each other.
template <class Ops>
struct SerInputs {
  using Tensor = typename Ops::Tensor;

  Tensor visual;                         ///< projected features [m, hidden_size]
  Tensor placed;                         ///< the same plus their positions
  std::optional<Tensor> text;            ///< projected caption tokens [t, hidden_size]; none without a caption
  std::optional<Tensor> text_positions;  ///< [t, hidden_size]; none unless they are learned
};

/// Which of the rows that become visual tokens are to be one. A body calls it once, where it has seen enough; an empty
/// one leaves every row by itself.
template <class Ops>
using RowMerger = std::function<std::vector<std::vector<std::int32_t>>(const typename Ops::Tensor&)>;

/// The Transformer of a SeR-Connector.
template <class Ops>
class SerBody {
 public:
  using Tensor = typename Ops::Tensor;

  virtual ~SerBody() = default;
  /// @return what goes on to the language model, before the output projection [n, hidden_size]
  virtual Tensor operator()(Ops& ops, const SerInputs<Ops>& inputs, const RowMerger<Ops>& merge) const = 0;
};

SHARPEYE_NAMESPACE_END
