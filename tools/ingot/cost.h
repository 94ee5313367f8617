// What a network costs: weights and arithmetic, counted from its types.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/network.h"

namespace ingot::tools {

struct OperatorCost {
  int64_t layers = 0;
  double flops = 0;
};

struct NetworkCost {
  std::map<std::string, OperatorCost> operators;  // by our names, those of subnetworks included
  double parameters = 0;                          // elements of constants; int32, int64 and bool are no parameters
  double parameter_bytes = 0;
  double flops = 0;
  std::vector<std::string> open;  // symbols that stand for 1 here
};

// A multiplication with its addition counts 2, every other element that an operator computes 1, moves nothing. Of an if the dearer branch
// counts, of a loop as many turns as are known, else one.
NetworkCost cost_of(const Network& network);

}  // namespace ingot::tools
