#pragma once

/// @file
/// Ways in which a text may go on, with what is known to be likely after each token: what one beam search leaves to the
/// next (search_ahead.hpp).

#include <cstdint>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/generation/generation_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A token that may come next, and ln of its probability.
struct LikelyToken {
  float log_probability;
  std::int32_t id;
};

/// The tokens that follow a prompt, as a tree. Node 0 is the prompt.
class TokenTree {
 public:
  struct Node {
    std::size_t parent;
    std::int32_t id;
    Index depth;                      ///< tokens from the prompt to here
    std::vector<LikelyToken> likely;  ///< likeliest first; empty: not known
    Index number = kUnread;           ///< in the model (TreeToken), while it is read
    std::vector<float> logits;        ///< the model's, while they are asked for
  };
  static constexpr Index kUnread = -2, kPrompt = -1;

  TokenTree() { nodes_.push_back({0, -1, 0, {}, kPrompt, {}}); }

  /// A tree of one text, of which nothing but its ids is known: each is all that is likely after those before it.
  static TokenTree of_draft(const std::vector<std::int32_t>& ids);

  const Node& operator[](std::size_t node) const { return nodes_[node]; }
  bool is_empty() const { return nodes_.size() == 1; }
  bool is_read(std::size_t node) const { return nodes_[node].number != kUnread; }

  /// The node of the token `id` after `parent`: the one that there is, or a new one.
  std::size_t after(std::size_t parent, std::int32_t id);

  /// What the model says after a node: the tokens that one step of beam search may choose.
  void learn(std::size_t node, const std::vector<float>& logits, const GenerationConfig& config);

  /// A node is about to be read, as token `number` of the model.
  void read(std::size_t node, Index number) { nodes_[node].number = number; }
  void keep_logits(std::size_t node, std::vector<float> logits) { nodes_[node].logits = std::move(logits); }
  /// Logits are large: forgets those after fewer than `depth` tokens.
  void forget_logits_before(Index depth);
  /// Another model, or another prompt, has read nothing of all this.
  void forget_reading();

  /// What is likely after a node: what is known of it, or of the node that ends with the same tokens, as many as there
  /// are (up to four); of several one that was read, and the one whose depth is nearest.
  const std::vector<LikelyToken>& expected_after(std::size_t node) const;

 private:
  Index common_tokens(std::size_t a, std::size_t b) const;

  std::vector<Node> nodes_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/token_tree.inl"
#endif
