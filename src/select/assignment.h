// The choice of least total cost: each variable takes one of its options, with a cost for each option and for pairs of options.
#pragma once

#include <cstddef>
#include <vector>

namespace ingot {

struct Assignment {
  struct Pair {
    size_t a, b;                // different variables
    std::vector<double> costs;  // by option of a, then of b
  };
  std::vector<std::vector<double>> costs;  // by variable, by option
  std::vector<Pair> pairs;

  // Exact by eliminating variables, cheapest first, while tables stay under `most_entries`; where one would not, the variable is
  // fixed at what local improvement prefers. Deterministic.
  std::vector<size_t> solve(size_t most_entries = 1 << 14) const;
  double cost(const std::vector<size_t>& options) const;
};

}  // namespace ingot
