#pragma once

/// @file
/// Bodies of sentencepiece_bpe.hpp.

#include "sharpeye/text/sentencepiece_bpe.hpp"

#include "sharpeye/core/utf8.hpp"
#include "sharpeye/text/bpe_merger.hpp"
#include "sharpeye/text/byte_spelling.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY SentencePieceBpe::SentencePieceBpe(const SubwordModelData& data, const std::string& where)
    : vocabulary_(data.vocab, where + ".vocab"),
      merges_(data.merges, vocabulary_, where + ".merges"),
      ignore_merges_(data.ignore_merges),
      fuse_unk_(data.fuse_unk),
      byte_fallback_(data.byte_fallback),
      unk_(data.unk.value_or(-1)) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = vocabulary_.find(byte_spelling(static_cast<unsigned char>(byte))).value_or(-1);
  }
  for (unsigned c = 0; c < 128; ++c) {
    const char text = static_cast<char>(c);
    ascii_ids_[c] = vocabulary_.find({&text, 1}).value_or(-1);
  }
}

SHARPEYE_BODY void SentencePieceBpe::append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const {
  BpeMerger merger(merges_, BpeMerger::NewPairs::kAtOnce);
  for (const Pieces::Range& range : pieces.ranges) {
    const std::string_view piece = std::string_view(pieces.text).substr(range.begin, range.end - range.begin);
    if (ignore_merges_) {
      if (const auto whole = vocabulary_.find(piece)) {
        ids.push_back(*whole);
        continue;
      }
    }
    const std::size_t begin = ids.size();
    append_characters(piece, ids);
    merger.merge_back(ids, ids.size() - begin);
  }
}

SHARPEYE_BODY void SentencePieceBpe::append_characters(std::string_view piece, std::vector<std::int32_t>& ids) const {
  bool unknown_waits = false;  // an unknown token comes after the bytes that follow it, as in Hugging Face's
  for (std::size_t i = 0; i < piece.size();) {
    const Utf8Step step = decode_utf8(piece.substr(i));
    const std::string_view character = piece.substr(i, step.length);
    i += step.length;
    std::int32_t id = -1;
    if (step.code_point < 128) {
      id = ascii_ids_[step.code_point];
    } else if (step.status == Utf8Status::kValid) {
      id = vocabulary_.find(character).value_or(-1);
    }
    if (id >= 0) {
      if (unknown_waits) ids.push_back(unk_);
      unknown_waits = false;
      ids.push_back(id);
    } else if (!(byte_fallback_ && append_bytes(character, ids)) && unk_ >= 0) {
      if (unknown_waits && !fuse_unk_) ids.push_back(unk_);
      unknown_waits = true;
    }
  }
  if (unknown_waits) ids.push_back(unk_);
}

SHARPEYE_BODY bool SentencePieceBpe::append_bytes(std::string_view character, std::vector<std::int32_t>& ids) const {
  for (const char byte : character) {
    if (byte_ids_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  for (const char byte : character) ids.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
  return true;
}

SHARPEYE_NAMESPACE_END
