// The assignment of least cost, against trying everything.
#include <gtest/gtest.h>

#include "select/assignment.h"

namespace ingot {
namespace {

double least_of_all(const Assignment& problem) {
  std::vector<size_t> options(problem.costs.size(), 0);
  double least = problem.cost(options);
  while (true) {
    size_t i = 0;
    while (i < options.size() && ++options[i] == problem.costs[i].size()) options[i++] = 0;
    if (i == options.size()) return least;
    least = std::min(least, problem.cost(options));
  }
}

Assignment random_problem(uint64_t seed, size_t variables, size_t pairs) {
  uint64_t state = seed;
  const auto next = [&](uint64_t most) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % most;
  };
  Assignment problem;
  for (size_t v = 0; v < variables; ++v) {
    problem.costs.emplace_back();
    const size_t options = 1 + next(3);
    for (size_t o = 0; o < options; ++o) problem.costs.back().push_back(static_cast<double>(next(100)));
  }
  for (size_t p = 0; p < pairs; ++p) {
    const size_t a = next(variables), b = next(variables);
    if (a == b) continue;
    Assignment::Pair pair{a, b, {}};
    for (size_t i = 0; i < problem.costs[a].size() * problem.costs[b].size(); ++i) pair.costs.push_back(static_cast<double>(next(100)));
    problem.pairs.push_back(pair);
  }
  return problem;
}

TEST(Assignment, IsTheLeastOfAll) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const Assignment problem = random_problem(seed, 8, 10);
    EXPECT_EQ(problem.cost(problem.solve()), least_of_all(problem)) << "seed " << seed;
  }
}

TEST(Assignment, StaysNearTheLeastWhereTablesAreCapped) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Assignment problem = random_problem(seed, 8, 24);
    EXPECT_LE(problem.cost(problem.solve(9)), 1.5 * least_of_all(problem)) << "seed " << seed;
  }
}

TEST(Assignment, SolvesAThousandLayersInARow) {
  Assignment problem;
  for (size_t v = 0; v < 1000; ++v) {
    problem.costs.push_back({v % 2 ? 1.0 : 3.0, v % 2 ? 3.0 : 2.5});
    if (v) problem.pairs.push_back({v - 1, v, {0, 5, 5, 0}});
  }
  EXPECT_EQ(problem.cost(problem.solve()), 2000.0);
}

}  // namespace
}  // namespace ingot
