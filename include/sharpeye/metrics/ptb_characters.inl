#pragma once

/// @file
/// Bodies of ptb_characters.hpp.

#include "sharpeye/metrics/ptb_characters.hpp"

#include <algorithm>
#include <iterator>

#include "sharpeye/core/utf8.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY PtbClass ptb_class(char32_t c) noexcept {
  if (c < 0x80) {
    if ((c | 0x20) - U'a' < 26) return PtbClass::kLetter;
    if (c - U'0' < 10) return PtbClass::kDigit;
    return c <= U' ' || c == 0x7F ? PtbClass::kSpace : PtbClass::kSymbol;
  }
  struct Range {
    char32_t first;
    PtbClass ptb_class;
  };
  constexpr auto kSpace = PtbClass::kSpace, kSymbol = PtbClass::kSymbol, kLetter = PtbClass::kLetter;
  constexpr Range kRanges[] = {
      {0x80, kSpace},    {0xA1, kSymbol},   {0xAA, kLetter},   {0xAB, kSymbol},   {0xB5, kLetter},   {0xB6, kSymbol},
      {0xBA, kLetter},   {0xBB, kSymbol},   {0xC0, kLetter},   {0xD7, kSymbol},   {0xD8, kLetter},   {0xF7, kSymbol},
      {0xF8, kLetter},   {0x37E, kSymbol},  {0x37F, kSpace},   {0x384, kLetter},  {0x387, kSymbol},  {0x388, kLetter},
      {0x482, kSpace},   {0x483, kLetter},  {0x488, kSpace},   {0x48A, kLetter},  {0x528, kSpace},   {0x531, kLetter},
      {0x2000, kSpace},  {0x2010, kSymbol}, {0x2012, kSpace},  {0x2013, kSymbol}, {0x2024, kSpace},  {0x2026, kSymbol},
      {0x2027, kSpace},  {0x2030, kSymbol}, {0x203C, kSpace},  {0x203E, kSymbol}, {0x2043, kSpace},  {0x2044, kSymbol},
      {0x2045, kSpace},  {0x2070, kSymbol}, {0x2071, kLetter}, {0x2072, kSpace},  {0x2074, kSymbol}, {0x207F, kLetter},
      {0x2080, kSymbol}, {0x208F, kSpace},  {0x2090, kLetter}, {0x209D, kSpace},  {0x20A0, kSymbol}, {0x20A1, kSpace},
      {0x20A4, kSymbol}, {0x20A5, kSpace},  {0x20AC, kSymbol}, {0x20AD, kSpace},  {0x2100, kSymbol}, {0x2102, kLetter},
      {0x2103, kSymbol}, {0x2107, kLetter}, {0x2108, kSymbol}, {0x210A, kLetter}, {0x2114, kSymbol}, {0x2115, kLetter},
      {0x2116, kSymbol}, {0x2119, kLetter}, {0x211E, kSymbol}, {0x2124, kLetter}, {0x2125, kSymbol}, {0x2126, kLetter},
      {0x2127, kSymbol}, {0x2128, kLetter}, {0x2129, kSymbol}, {0x212A, kLetter}, {0x212E, kSymbol}, {0x212F, kLetter},
      {0x213A, kSymbol}, {0x213C, kLetter}, {0x2140, kSymbol}, {0x2145, kLetter}, {0x214A, kSymbol}, {0x214E, kLetter},
      {0x214F, kSymbol}, {0x2150, kSpace},  {0x2153, kSymbol}, {0x215F, kSpace},  {0x2183, kLetter}, {0x2185, kSpace},
      {0x2190, kSymbol}, {0x2C00, kLetter}, {0x2E00, kSpace},  {0x2E80, kLetter}, {0x3000, kSpace},  {0x3001, kSymbol},
      {0x3041, kLetter}, {0xD800, kSpace},  {0xF900, kLetter}, {0xFE00, kSpace},  {0xFE70, kLetter}, {0xFEFD, kSpace},
      {0xFF01, kSymbol}, {0xFF10, kLetter}, {0xFF1A, kSymbol}, {0xFF21, kLetter}, {0xFF3B, kSymbol}, {0xFF41, kLetter},
      {0xFF5B, kSymbol}, {0xFF66, kLetter}, {0xFFBF, kSpace},
  };
  const auto after = std::upper_bound(std::begin(kRanges), std::end(kRanges), c,
                                      [](char32_t value, const Range& range) { return value < range.first; });
  return std::prev(after)->ptb_class;
}

SHARPEYE_BODY char32_t ptb_lower(char32_t c) noexcept {
  if (c < 0x80) return c - U'A' < 26 ? c + 0x20 : c;
  if (c < 0x100) return c >= 0xC0 && c <= 0xDE && c != 0xD7 ? c + 0x20 : c;
  const bool is_even = c % 2 == 0;
  if (c < 0x180) {  // pairs of upper and lower case, in two places the odd one is the upper
    if (c == 0x130) return U'i';
    if (c == 0x178) return 0xFF;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return is_even ? c : c + 1;
    return is_even && c != 0x138 && c < 0x178 ? c + 1 : c;
  }
  if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 0x20;
  switch (c) {
    case 0x386: return 0x3AC;
    case 0x388:
    case 0x389:
    case 0x38A: return c + 0x25;
    case 0x38C: return 0x3CC;
    case 0x38E:
    case 0x38F: return c + 0x3F;
    default: break;
  }
  if (c >= 0x400 && c <= 0x42F) return c + (c < 0x410 ? 0x50 : 0x20);
  const bool is_pair = (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x527) ||
                       (c >= 0x1E00 && c <= 0x1E95) || (c >= 0x1EA0 && c <= 0x1EFF);
  return is_pair && is_even ? c + 1 : c;
}

SHARPEYE_BODY std::u32string ptb_characters(std::string_view caption) {
  struct Entity {
    std::string_view name;
    char32_t character;
  };
  constexpr Entity kEntities[] = {{"&amp;", U'&'},   {"&lt;", U'<'},   {"&gt;", U'>'},
                                  {"&apos;", U'\''}, {"&quot;", U'"'}, {"&nbsp;", U' '}};
  std::u32string characters;
  while (!caption.empty()) {
    const auto entity = std::find_if(std::begin(kEntities), std::end(kEntities), [&](const Entity& candidate) {
      return caption.substr(0, candidate.name.size()) == candidate.name;
    });
    if (entity != std::end(kEntities)) {
      characters += entity->character;
      caption.remove_prefix(entity->name.size());
      continue;
    }
    const Utf8Step step = decode_utf8(caption);
    caption.remove_prefix(step.length);
    if (step.code_point != 0xAD) characters += step.code_point;
  }
  return characters;
}

SHARPEYE_NAMESPACE_END
