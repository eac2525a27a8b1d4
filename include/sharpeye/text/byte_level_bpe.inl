#pragma once

/// @file
/// Bodies of byte_level_bpe.hpp.

#include "sharpeye/text/byte_level_bpe.hpp"

#include <string_view>

#include "sharpeye/text/bpe_merger.hpp"
#include "sharpeye/text/byte_alphabet.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY ByteLevelBpe::ByteLevelBpe(const SubwordModelData& data, const std::string& where)
    : vocabulary_(data.vocab, where + ".vocab"),
      merges_(data.merges, vocabulary_, where + ".merges"),
      ignore_merges_(data.ignore_merges),
      fuse_unk_(data.fuse_unk),
      unk_(data.unk.value_or(-1)) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char text = static_cast<char>(byte);
    byte_ids_[byte] = vocabulary_.find(spell({&text, 1})).value_or(-1);
  }
}

SHARPEYE_BODY void ByteLevelBpe::append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const {
  BpeMerger merger(merges_, BpeMerger::NewPairs::kAtOnce);
  for (const Pieces::Range& range : pieces.ranges) {
    const std::string_view piece = std::string_view(pieces.text).substr(range.begin, range.end - range.begin);
    if (ignore_merges_) {
      if (const auto whole = vocabulary_.find(spell(piece))) {
        ids.push_back(*whole);
        continue;
      }
    }
    const std::size_t begin = ids.size();
    bool last_unknown = false;
    for (const char byte : piece) {
      const std::int32_t id = byte_ids_[static_cast<unsigned char>(byte)];
      const bool unknown = id < 0;
      if (!unknown) {
        ids.push_back(id);
      } else if (unk_ >= 0 && !(fuse_unk_ && last_unknown)) {
        ids.push_back(unk_);
      }
      last_unknown = unknown;
    }
    merger.merge_back(ids, ids.size() - begin);
  }
}

SHARPEYE_NAMESPACE_END
