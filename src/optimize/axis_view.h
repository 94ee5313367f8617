// What a chain of reshapes and transposes does to a tensor: its dims fall into atoms, the atoms change their order, and neighbours join.
#pragma once

#include <optional>
#include <vector>

#include "network/network.h"

namespace ingot {

// a / b where that is a dim without remainder.
std::optional<Dim> divide_exactly(const Dim& a, const Dim& b);

class AxisView {
 public:
  // The tensor as it stands.
  explicit AxisView(const Dims& base);

  // Applies a move; false, and the view is of no more use, where the dims do not fall into atoms.
  bool transpose(const std::vector<int64_t>& permutation);
  bool reshape(const Dims& to);
  // Applies the move that `layer` makes, if it is one.
  bool apply(const Layer& layer);

  Dims dims() const;
  bool is_identity() const;
  // Whether the elements keep their order, so that one reshape does it.
  bool keeps_order() const;
  // Whether the last dim is made of the same atoms as the base's last dim, and no atoms of others.
  bool keeps_last() const;

  // The fewest layers that make this move: how many reshapes and transposes.
  struct Cost {
    int reshapes = 0, transposes = 0;
    int weight() const { return reshapes + 10 * transposes; }  // a reshape copies nothing
  };
  Cost cost() const;
  // Adds them behind `base`; null where a reshape cannot be written over symbolic dims.
  Result<Tensor*> build(Network& network, Tensor* base) const;
  // The same move for a tensor whose last dim has another length. keeps_last() holds.
  Result<Tensor*> build_with_last(Network& network, Tensor* base) const;

 private:
  using Group = std::vector<int>;  // atoms of one dim
  void split(int atom, const Dim& first, const Dim& second);
  std::vector<Group> joined(std::vector<int>* base_order) const;

  std::vector<Dim> atoms_;
  Dims base_dims_;
  std::vector<Group> base_, current_;
};

// Whether a layer is a reshape without a second input, or a transpose.
bool is_move(const Layer& layer);

}  // namespace ingot
