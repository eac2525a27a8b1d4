#pragma once

/// @file
/// Bodies of bpe_merger.hpp.

#include "sharpeye/text/bpe_merger.hpp"

#include <algorithm>
#include <functional>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY void BpeMerger::merge_back(std::vector<std::int32_t>& ids, std::size_t count) {
  if (count < 2) return;
  ids_ = ids.data() + (ids.size() - count);
  link(static_cast<std::int32_t>(count));
  while (!queue_.empty()) {
    const std::int32_t rank = rank_of(queue_.front());
    found_.clear();
    while (!queue_.empty() && rank_of(queue_.front()) == rank) {
      std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
      const auto position = static_cast<std::int32_t>(queue_.back() & 0xFFFFFFFFu);
      queue_.pop_back();
      if (at(position).rank == rank) merge_at(position, rank);
      if (new_pairs_ == NewPairs::kAtOnce) queue_found();
    }
    queue_found();
  }
  std::size_t kept = 0;
  for (std::int32_t i = 0; i != kEnd; i = at(i).next) ids_[kept++] = ids_[i];
  ids.resize(ids.size() - count + kept);
}

SHARPEYE_BODY void BpeMerger::queue_found() {
  for (const std::uint64_t candidate : found_) {
    queue_.push_back(candidate);
    std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
  }
  found_.clear();
}

SHARPEYE_BODY void BpeMerger::link(std::int32_t count) {
  symbols_.resize(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) at(i) = {i - 1, i + 1 < count ? i + 1 : kEnd, MergeTable::kNoMerge};
  found_.clear();
  for (std::int32_t i = 0; i < count; ++i) look_at(i);
  queue_ = found_;
  std::make_heap(queue_.begin(), queue_.end(), std::greater<>());
}

SHARPEYE_BODY void BpeMerger::look_at(std::int32_t i) {
  Symbol& symbol = at(i);
  symbol.rank = symbol.next == kEnd ? MergeTable::kNoMerge : merges_.rank(ids_[i], ids_[symbol.next]);
  if (symbol.rank == MergeTable::kNoMerge) return;
  found_.push_back(static_cast<std::uint64_t>(symbol.rank) << 32 | static_cast<std::uint32_t>(i));
}

SHARPEYE_BODY void BpeMerger::merge_at(std::int32_t i, std::int32_t rank) {
  Symbol& left = at(i);
  Symbol& right = at(left.next);
  ids_[i] = merges_.merged(rank);
  right.rank = MergeTable::kNoMerge;
  left.next = right.next;
  if (left.next != kEnd) at(left.next).previous = i;
  look_at(i);
  if (left.previous != kEnd) look_at(left.previous);
}

SHARPEYE_NAMESPACE_END
