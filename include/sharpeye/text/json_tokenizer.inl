#pragma once

/// @file
/// Bodies of json_tokenizer.hpp, and the list of the subword models.

#include "sharpeye/text/json_tokenizer.hpp"

#include <algorithm>
#include <limits>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/byte_level_bpe.hpp"
#include "sharpeye/text/sentencepiece_bpe.hpp"
#include "sharpeye/text/tokenizer_config.hpp"
#include "sharpeye/text/word_piece.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline std::unique_ptr<const SubwordModel> make_subword_model(const SubwordModelData& data, const std::string& where) {
  switch (data.kind) {
    case SubwordModelData::Kind::kByteLevelBpe: return std::make_unique<const ByteLevelBpe>(data, where);
    case SubwordModelData::Kind::kSentencePieceBpe: return std::make_unique<const SentencePieceBpe>(data, where);
    case SubwordModelData::Kind::kWordPiece: break;
  }
  return std::make_unique<const WordPiece>(data, where);
}

/// All tokens, the added ones last; those that the model has too once.
/// @throws Error where the two disagree about an id
inline std::vector<std::pair<std::string, std::uint64_t>> all_tokens(const TokenizerJson& parts,
                                                                     const std::string& where) {
  const SpellingTable model(parts.model.vocab, where + ": model.vocab");
  std::vector<std::pair<std::string, std::uint64_t>> tokens = parts.model.vocab;
  for (const AddedToken& token : parts.added_tokens) {
    const auto its = model.find(token.content);
    if (its && *its != token.id) {
      fail(ErrorCode::kFormat, where, ": added_tokens: ", in_quotes(token.content), ": expected the id ", *its,
           " that it has in model.vocab, actual ", token.id);
    }
    if (!its) tokens.emplace_back(token.content, static_cast<std::uint64_t>(token.id));
  }
  return tokens;
}

}  // namespace detail

SHARPEYE_BODY JsonTokenizer JsonTokenizer::load(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  const std::string json = read_file(path, kTokenizerFileLimit);
  return JsonTokenizer(json, detail::read_tokenizer_config<JsonTokenizer::Config>(folder + "/tokenizer_config.json"),
                       path);
}

SHARPEYE_BODY JsonTokenizer::JsonTokenizer(std::string_view json, const Config& config, const std::string& where)
    : JsonTokenizer(read_tokenizer_json(json, where), config, where) {}

SHARPEYE_BODY JsonTokenizer::JsonTokenizer(TokenizerJson&& parts, const Config& config, const std::string& where)
    : tokens_(detail::all_tokens(parts, where), where + ": added_tokens"),
      normalizer_(std::move(parts.normalizer)),
      pre_tokenizer_(std::move(parts.pre_tokenizer)) {
  const auto known = [&](const std::string& spelling, const char* key, ErrorCode code) {
    const auto id = tokens_.find(spelling);
    if (!id) fail(code, where, ": ", key, ": expected a token of the file, actual ", in_quotes(spelling));
    return *id;
  };
  if (!parts.model.unk_token.empty()) {
    parts.model.unk = known(parts.model.unk_token, "model.unk_token", ErrorCode::kFormat);
  }
  model_ = detail::make_subword_model(parts.model, where + ": model");

  std::vector<AddedToken> raw, normalized;
  std::map<std::int32_t, std::string> normalized_spellings;
  special_.resize(tokens_.id_count());
  for (AddedToken& token : parts.added_tokens) {
    if (token.special) special_[static_cast<std::size_t>(token.id)] = true;
    const bool is_normalized = token.normalized;
    if (is_normalized) {
      token.content = normalize(normalizer_, token.content);
      if (token.content != tokens_.spelling(token.id)) normalized_spellings[token.id] = token.content;
    }
    (is_normalized ? normalized : raw).push_back(std::move(token));
  }
  raw_finder_ = AddedTokenFinder(std::move(raw));
  normalized_finder_ = AddedTokenFinder(std::move(normalized));

  const auto set = [&](std::int32_t& id, const std::string& spelling, const char* key,
                       std::optional<std::int32_t> own) {
    if (!spelling.empty()) {
      id = known(spelling, key, ErrorCode::kConfig);
    } else if (own) {
      if (tokens_.spelling(*own).empty()) fail(ErrorCode::kConfig, where, ": post_processor: there is no token ", *own);
      id = *own;
    }
    if (id != kNoToken) special_[static_cast<std::size_t>(id)] = true;
  };
  if (config.add_bos_token.value_or(parts.bos.has_value())) {
    set(bos_id_, config.add_bos_token ? config.bos_token : "", "bos_token", parts.bos);
  }
  set(eos_id_, config.eos_token, "eos_token", parts.eos);
  set(pad_id_, config.pad_token, "pad_token", std::nullopt);
  decode_tokens(parts.decoder, normalized_spellings);
}

SHARPEYE_BODY void JsonTokenizer::decode_tokens(const TokenDecoder& decoder,
                                                const std::map<std::int32_t, std::string>& normalized_spellings) {
  const auto store = [&](const std::string& bytes) {
    require(bytes_.size() + bytes.size() <= std::numeric_limits<std::uint32_t>::max(), ErrorCode::kLimit,
            "tokens: expected less than 4 GB of text");
    bytes_ += bytes;
    return Range(static_cast<std::uint32_t>(bytes_.size() - bytes.size()), static_cast<std::uint32_t>(bytes.size()));
  };
  for (std::size_t id = 0; id < tokens_.id_count(); ++id) {
    const auto normalized = normalized_spellings.find(static_cast<std::int32_t>(id));
    const std::string token(normalized != normalized_spellings.end() ? std::string_view(normalized->second)
                                                                     : tokens_.spelling(static_cast<std::int32_t>(id)));
    const auto [middle, first] = token.empty() ? std::pair<std::string, std::string>() : decoded_token(decoder, token);
    middle_.push_back(store(middle));
    // Nearly always the same without a space in front.
    const std::size_t left_out = middle.size() - std::min(middle.size(), first.size());
    if (middle.size() >= first.size() && middle.compare(left_out, middle.npos, first) == 0) {
      first_.emplace_back(middle_.back().first + static_cast<std::uint32_t>(left_out),
                          static_cast<std::uint32_t>(first.size()));
    } else {
      first_.push_back(store(first));
    }
  }
}

SHARPEYE_BODY std::size_t JsonTokenizer::index(std::int32_t id) const {
  require(id >= 0 && static_cast<std::size_t>(id) < middle_.size(), ErrorCode::kInvalidArgument,
          "token id: expected 0 to ", middle_.size() - 1, ", actual ", id);
  return static_cast<std::size_t>(id);
}

SHARPEYE_BODY std::string_view JsonTokenizer::token_bytes(std::int32_t id) const {
  const auto [begin, size] = middle_[index(id)];
  return std::string_view(bytes_).substr(begin, size);
}

SHARPEYE_BODY std::string_view JsonTokenizer::first_token_bytes(std::int32_t id) const {
  const auto [begin, size] = first_[index(id)];
  return std::string_view(bytes_).substr(begin, size);
}

SHARPEYE_BODY std::optional<std::int32_t> JsonTokenizer::token_to_id(std::string_view spelling) const {
  return tokens_.find(spelling);
}

SHARPEYE_BODY std::string JsonTokenizer::id_to_token(std::int32_t id) const {
  return std::string(tokens_.spelling(static_cast<std::int32_t>(index(id))));
}

SHARPEYE_BODY bool JsonTokenizer::is_special(std::int32_t id) const noexcept {
  return id >= 0 && static_cast<std::size_t>(id) < special_.size() && special_[static_cast<std::size_t>(id)];
}

SHARPEYE_BODY void JsonTokenizer::append_ids(std::string_view text, const EncodeOptions& options,
                                             std::vector<std::int32_t>& ids) const {
  for (const AddedTokenFinder::Part& part : raw_finder_.split(text, options.parse_special)) {
    if (part.id) {
      ids.push_back(*part.id);
    } else {
      append_normalized(text.substr(part.begin, part.end - part.begin), options.begins_text && part.begin == 0,
                        options.parse_special, ids);
    }
  }
}

SHARPEYE_BODY void JsonTokenizer::append_normalized(std::string_view raw, bool first, bool parse_special,
                                                    std::vector<std::int32_t>& ids) const {
  const std::string text = normalize(normalizer_, raw);
  for (const AddedTokenFinder::Part& part : normalized_finder_.split(text, parse_special)) {
    if (part.id) {
      ids.push_back(*part.id);
      continue;
    }
    const Pieces pieces =
        split_into_pieces(pre_tokenizer_, text.substr(part.begin, part.end - part.begin), first && part.begin == 0);
    require(pieces.text.size() <= std::numeric_limits<std::int32_t>::max(), ErrorCode::kLimit,
            "text to encode: expected less than 2^31 bytes when it is normalized, actual ", pieces.text.size());
    model_->append_ids(pieces, ids);
  }
}

SHARPEYE_NAMESPACE_END
