#include "base/spelling.h"

#include <algorithm>

namespace ingot {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// How many letters are to be changed, added, left out or swapped with their neighbour to make one word of the other, whatever their case.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (small(a[i - 1]) != small(b[j - 1]))});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string meant_instead_of(std::string_view word, const std::vector<std::string>& known) {
  constexpr size_t kLongest = 64, kMost = 2000;  // a file may be full of long names
  if (word.size() > kLongest) return "";
  const std::string* nearest = nullptr;
  size_t least = word.size() / 3 + 1;
  for (size_t i = 0; i < known.size() && i < kMost; ++i) {
    const std::string& name = known[i];
    if (name.size() >= word.size() + least || word.size() >= name.size() + least) continue;
    if (const size_t changes = distance(word, name); changes < least && name != word) {
      least = changes;
      nearest = &name;
    }
  }
  return nearest ? "; did you mean '" + *nearest + "'?" : "";
}

}  // namespace ingot
