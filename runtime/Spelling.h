//===- Spelling.h - The word that was meant -----------------------*- C++ -*-===//
//
// Finds the known word nearest to a misspelled one, for "did you mean".
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_SPELLING_H
#define ESPALIER_RUNTIME_SPELLING_H

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace espalier::runtime {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `from` into `to` (optimal string
/// alignment), in bytes.
size_t editDistance(std::string_view from, std::string_view to);

/// The candidate at the smallest distance, the first of equals; none where more than a third of the word (at least
/// one character) would have to change.
std::optional<std::string_view> nearestWord(std::string_view word, std::span<const std::string_view> candidates);

/// "a", "a or b", "a, b or c".
std::string listWords(std::span<const std::string_view> words);

/// ", did you mean 'b'?" where `word` is near to one of the candidates, else nothing.
std::string didYouMean(std::string_view word, std::span<const std::string_view> candidates);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_SPELLING_H
