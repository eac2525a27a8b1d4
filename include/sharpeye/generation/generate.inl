#pragma once

/// @file
/// Bodies of generate.hpp: the choice, and the searches that follow one sequence.

#include "sharpeye/generation/generate.hpp"

#include <algorithm>
#include <random>

#include "sharpeye/core/random.hpp"
#include "sharpeye/generation/logits_processors.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY bool is_finished(const GenerationConfig& config, const GenerationHooks& hooks,
                               const std::vector<std::int32_t>& ids) {
  return config.is_eos(ids.back()) || (hooks.is_complete && hooks.is_complete(ids));
}

SHARPEYE_BODY GeneratedSequence generate_one_by_one(NextToken& model, const GenerationConfig& config,
                                                    const GenerationHooks& hooks) {
  std::mt19937_64 random(config.seed);
  GeneratedSequence sequence;
  std::vector<std::int32_t>& ids = sequence.ids;
  std::vector<float> scores = model.start();
  for (;;) {
    take_logits(config, scores);
    const TokenProbabilities probabilities(config, scores);
    process_scores(config, ids, scores);
    std::size_t chosen = 0;
    if (config.do_sample) {
      const std::vector<double> distribution = sampling_distribution(config, scores);
      double left = unit_interval(random());
      for (std::size_t id = 0; id < distribution.size(); ++id) {
        if (distribution[id] == 0) continue;
        chosen = id;  // the last possible one if rounding leaves something over
        left -= distribution[id];
        if (left < 0) break;
      }
    } else {
      chosen = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    }
    ids.push_back(static_cast<std::int32_t>(chosen));
    sequence.log_probabilities.push_back(probabilities.log_probability(chosen, scores));
    const bool goes_on = !hooks.on_step || hooks.on_step(ids);
    if (!goes_on || is_finished(config, hooks, ids) || static_cast<Index>(ids.size()) >= config.max_new_tokens) {
      return sequence;
    }
    scores = std::move(model.step({0}, {ids.back()}).front());
  }
}

SHARPEYE_BODY GeneratedSequence generate(NextToken& model, const GenerationConfig& config, const GenerationHooks& hooks,
                                         TokenTree* record) {
  check(config, "generation: ");
  return config.num_beams > 1 ? beam_search(model, config, hooks, record) : generate_one_by_one(model, config, hooks);
}

SHARPEYE_NAMESPACE_END
