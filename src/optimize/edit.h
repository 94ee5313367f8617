// What passes and fusions share: constants computed from constants, and layers put in the place of others.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "network/network.h"

namespace ingot {

// The outputs of an operator for these values, by its reference or its decomposition; inputs that are left out have no data.
Result<Arrays> evaluate_operator(const Operator& op, const Arrays& inputs);

// A constant that is computed from constants now; its recipe says how, over the names of the original weights.
Result<Tensor*> compute_constant(Network& network, const Operator& op, const std::vector<Tensor*>& inputs);
// The same as concat, for large weights.
Result<Tensor*> join_constants(Network& network, int64_t axis, const std::vector<Tensor*>& parts);
// A constant that a pass makes up.
Tensor* add_number(Network& network, DataType type, double value);

// The value of a constant of one element.
std::optional<double> number_of(const Tensor* tensor);
// Whether every element is equal to `value`.
bool is_filled_with(const Array& array, double value);
// One layer reads it, once, and it is no output of the network.
bool is_used_once(const Tensor& tensor);
// How a constant is computed from named weights, as a recipe says it.
std::string recipe_of(const Tensor& constant);

// Whether `to` can stand in for `from`: the same element type and dims, and a name of its own where `from` is an output.
bool can_replace(const Tensor& from, const Tensor& to);
// What fell out of use in a replacement.
struct Removed {
  std::unordered_set<const Layer*> layers;  // addresses only: they are gone
};
// Readers of `from` read `to`, and layers that fall out of use are removed. Where the rewrite created `to`'s producer (its id is at least
// `first_new_id`), that takes over their names, origins and wishes, and `to` takes over the name of `from`. `can_replace` must hold.
Status replace(Network& network, Tensor* from, Tensor* to, int64_t first_new_id, Removed* removed = nullptr);
// The same for passes that swap tensor by tensor; false, and nothing changes, where can_replace does not hold.
Result<bool> try_replace(Network& network, Tensor* from, Tensor* to, int64_t first_new_id = INT64_MAX);
// Layers created from now on have ids from this one.
int64_t next_layer_id(const Network& network);
// Takes back the layers of a rewrite that does not apply after all; nothing reads them.
void discard_new_layers(Network& network, int64_t first_new_id);

// The layer that computes `tensor` where it is an Op; null otherwise.
template <class Op>
const Op* producer_as(const Tensor* tensor) {
  return tensor && tensor->producer() && tensor->producer_index() == 0 ? tensor->producer()->as<Op>() : nullptr;
}

}  // namespace ingot
