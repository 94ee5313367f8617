#include "select/assignment.h"

#include <algorithm>
#include <limits>
#include <set>

namespace ingot {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Costs by the options of some variables; the last variable runs fastest.
struct Table {
  std::vector<size_t> variables;
  std::vector<double> costs;
};

class Solver {
 public:
  Solver(const Assignment& problem, double most_entries) : problem_(problem), most_(most_entries), tables_of_(problem.costs.size()) {
    for (size_t v = 0; v < problem.costs.size(); ++v) add({{v}, problem.costs[v]});
    for (const auto& pair : problem.pairs) add({{pair.a, pair.b}, pair.costs});
  }

  std::vector<size_t> solve() {
    const std::vector<size_t> guess = improve();
    std::vector<size_t> result = guess;
    struct Step {
      size_t variable;
      std::vector<size_t> tables;
    };
    std::vector<Step> steps;
    // Variables by the size of the table that eliminating them makes.
    std::set<std::pair<double, size_t>> queue;
    std::vector<double> sizes(problem_.costs.size());
    const auto enter = [&](size_t v) {
      sizes[v] = entries_beside(v);
      queue.emplace(sizes[v], v);
    };
    for (size_t v = 0; v < sizes.size(); ++v) enter(v);
    while (!queue.empty()) {
      const auto [entries, v] = *queue.begin();
      queue.erase(queue.begin());
      const std::vector<size_t> mine = tables_of_[v];
      const std::vector<size_t> others = neighbours(v);
      for (size_t table : mine) remove(table);
      if (entries * options_of(v) > most_) {
        for (size_t table : mine) add(fix(tables_[table], v, guess[v]));
      } else {
        add(eliminate(mine, others, v));
        steps.push_back({v, mine});
      }
      for (size_t other : others) {
        queue.erase({sizes[other], other});
        enter(other);
      }
    }
    for (size_t i = steps.size(); i-- > 0;) {
      const size_t v = steps[i].variable;
      double least = kInfinity;
      size_t best = 0;
      for (size_t option = 0; option < problem_.costs[v].size(); ++option) {
        result[v] = option;
        double cost = 0;
        for (size_t table : steps[i].tables) cost += at(tables_[table], result);
        if (cost < least) {
          least = cost;
          best = option;
        }
      }
      result[v] = best;
    }
    return problem_.cost(result) <= problem_.cost(guess) ? result : guess;
  }

 private:
  double options_of(size_t v) const { return static_cast<double>(problem_.costs[v].size()); }

  void add(Table table) {
    for (size_t v : table.variables) tables_of_[v].push_back(tables_.size());
    tables_.push_back(std::move(table));
  }
  // The table stays, for the way back; its variables forget it.
  void remove(size_t table) {
    for (size_t v : tables_[table].variables) std::erase(tables_of_[v], table);
  }
  std::vector<size_t> neighbours(size_t v) const {
    std::set<size_t> found;
    for (size_t table : tables_of_[v]) found.insert(tables_[table].variables.begin(), tables_[table].variables.end());
    found.erase(v);
    return {found.begin(), found.end()};
  }
  double entries_beside(size_t v) const {
    double entries = 1;
    for (size_t other : neighbours(v)) entries *= options_of(other);
    return entries;
  }
  double at(const Table& table, const std::vector<size_t>& options) const {
    size_t index = 0;
    for (size_t v : table.variables) index = index * problem_.costs[v].size() + options[v];
    return table.costs[index];
  }
  // Calls visit() for each combination of options of `variables`, the last one running fastest.
  template <class Visit>
  void for_each(const std::vector<size_t>& variables, std::vector<size_t>& options, Visit visit) const {
    for (size_t v : variables) options[v] = 0;
    while (true) {
      visit();
      size_t i = variables.size();
      while (i > 0 && ++options[variables[i - 1]] == problem_.costs[variables[i - 1]].size()) options[variables[--i]] = 0;
      if (i == 0) return;
    }
  }
  Table eliminate(const std::vector<size_t>& tables, const std::vector<size_t>& others, size_t v) const {
    Table result{others, {}};
    std::vector<size_t> options(problem_.costs.size(), 0);
    for_each(others, options, [&] {
      double least = kInfinity;
      for (options[v] = 0; options[v] < problem_.costs[v].size(); ++options[v]) {
        double cost = 0;
        for (size_t table : tables) cost += at(tables_[table], options);
        least = std::min(least, cost);
      }
      result.costs.push_back(least);
    });
    return result;
  }
  Table fix(const Table& table, size_t v, size_t option) const {
    Table result;
    for (size_t other : table.variables) {
      if (other != v) result.variables.push_back(other);
    }
    std::vector<size_t> options(problem_.costs.size(), 0);
    options[v] = option;
    for_each(result.variables, options, [&] { result.costs.push_back(at(table, options)); });
    return result;
  }
  // Each variable in turn takes its best option beside its neighbours', until nothing changes.
  std::vector<size_t> improve() const {
    std::vector<size_t> options(problem_.costs.size(), 0);
    for (size_t v = 0; v < options.size(); ++v)
      options[v] = static_cast<size_t>(std::min_element(problem_.costs[v].begin(), problem_.costs[v].end()) - problem_.costs[v].begin());
    bool changed = true;
    for (int round = 0; changed && round < 20; ++round) {
      changed = false;
      for (size_t v = 0; v < options.size(); ++v) {
        const size_t before = options[v];
        size_t best = before;
        double least = kInfinity;
        for (options[v] = 0; options[v] < problem_.costs[v].size(); ++options[v]) {
          double cost = 0;
          for (size_t table : tables_of_[v]) cost += at(tables_[table], options);
          if (cost < least) {
            least = cost;
            best = options[v];
          }
        }
        options[v] = best;
        changed |= best != before;
      }
    }
    return options;
  }

  const Assignment& problem_;
  const double most_;
  std::vector<Table> tables_;
  std::vector<std::vector<size_t>> tables_of_;
};

}  // namespace

double Assignment::cost(const std::vector<size_t>& options) const {
  double total = 0;
  for (size_t v = 0; v < costs.size(); ++v) total += costs[v][options[v]];
  for (const Pair& pair : pairs) total += pair.costs[options[pair.a] * costs[pair.b].size() + options[pair.b]];
  return total;
}

std::vector<size_t> Assignment::solve(size_t most_entries) const { return Solver(*this, static_cast<double>(most_entries)).solve(); }

}  // namespace ingot
