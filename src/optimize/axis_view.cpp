#include "optimize/axis_view.h"

#include <algorithm>

#include "operators/reshape.h"
#include "operators/transpose.h"

namespace ingot {

std::optional<Dim> divide_exactly(const Dim& a, const Dim& b) {
  if (b.is(0)) return std::nullopt;
  if (a == b) return Dim(1);
  const Dim quotient = Dim::floor_divide(a, b);
  if (quotient * b == a) return quotient;
  return std::nullopt;
}

bool is_move(const Layer& layer) {
  if (layer.as<Transpose>()) return true;
  return layer.as<Reshape>() && !layer.input(1);
}

AxisView::AxisView(const Dims& base) : base_dims_(base) {
  for (const Dim& dim : base) {
    // A dim of 1 says nothing about the order of elements.
    if (dim.is(1)) {
      base_.emplace_back();
    } else {
      base_.push_back({static_cast<int>(atoms_.size())});
      atoms_.push_back(dim);
    }
  }
  current_ = base_;
}

bool AxisView::transpose(const std::vector<int64_t>& permutation) {
  std::vector<Group> next;
  for (int64_t axis : permutation) next.push_back(current_[static_cast<size_t>(axis)]);
  current_ = std::move(next);
  return true;
}

void AxisView::split(int atom, const Dim& first, const Dim& second) {
  const int added = static_cast<int>(atoms_.size());
  atoms_.push_back(second);
  atoms_[static_cast<size_t>(atom)] = first;
  for (std::vector<Group>* groups : {&base_, &current_}) {
    for (Group& group : *groups) {
      auto found = std::find(group.begin(), group.end(), atom);
      if (found != group.end()) group.insert(found + 1, added);
    }
  }
}

bool AxisView::reshape(const Dims& to) {
  std::vector<Group> next;
  size_t used = 0;  // atoms of the current order that have found their place
  const auto order = [&] {
    std::vector<int> all;
    for (const Group& group : current_) all.insert(all.end(), group.begin(), group.end());
    return all;
  };
  for (const Dim& dim : to) {
    Group group;
    Dim remaining = dim;
    while (!remaining.is(1)) {
      const std::vector<int> all = order();
      if (used == all.size()) return false;
      const int atom = all[used];
      const Dim size = atoms_[static_cast<size_t>(atom)];
      if (auto rest = divide_exactly(remaining, size)) {
        remaining = *rest;
      } else if (auto second = divide_exactly(size, remaining)) {
        split(atom, remaining, *second);
        remaining = 1;
      } else {
        return false;
      }
      group.push_back(atom);
      ++used;
    }
    next.push_back(std::move(group));
  }
  if (used != order().size()) return false;
  current_ = std::move(next);
  return true;
}

bool AxisView::apply(const Layer& layer) {
  if (const auto* op = layer.as<Transpose>()) {
    auto permutation = op->resolve(layer.input(0)->type.rank());
    return permutation.ok() && transpose(*permutation);
  }
  return layer.as<Reshape>() && !layer.input(1) && reshape(layer.output()->type.dims);
}

Dims AxisView::dims() const {
  Dims result;
  for (const Group& group : current_) {
    Dim dim = 1;
    for (int atom : group) dim = dim * atoms_[static_cast<size_t>(atom)];
    result.push_back(dim);
  }
  return result;
}

bool AxisView::is_identity() const { return keeps_order() && dims() == base_dims_; }

bool AxisView::keeps_order() const {
  std::vector<int> before, after;
  for (const Group& group : base_) before.insert(before.end(), group.begin(), group.end());
  for (const Group& group : current_) after.insert(after.end(), group.begin(), group.end());
  return before == after;
}

bool AxisView::keeps_last() const {
  return !base_.empty() && !current_.empty() && base_.back() == current_.back() && !base_.back().empty();
}

// Atoms that stand side by side in one dim of the base and in one dim of the result are one. Those of the base, in its order; `base_order`
// gets their first atoms.
std::vector<AxisView::Group> AxisView::joined(std::vector<int>* base_order) const {
  const auto next_in = [](const std::vector<Group>& groups, int atom) {
    for (const Group& group : groups) {
      auto found = std::find(group.begin(), group.end(), atom);
      if (found != group.end()) return found + 1 == group.end() ? -1 : *(found + 1);
    }
    return -1;
  };
  std::vector<Group> result;
  for (const Group& group : base_) {
    for (size_t i = 0; i < group.size(); ++i) {
      const bool joins = i > 0 && next_in(current_, group[i - 1]) == group[i];
      if (joins) {
        result.back().push_back(group[i]);
      } else {
        result.push_back({group[i]});
        base_order->push_back(group[i]);
      }
    }
  }
  return result;
}

AxisView::Cost AxisView::cost() const {
  if (is_identity()) return {};
  if (keeps_order()) return {1, 0};
  std::vector<int> firsts;
  const std::vector<Group> parts = joined(&firsts);
  // A transpose alone serves where parts are the dims, those of 1 included.
  const bool splits = parts.size() != base_.size();
  const bool joins = parts.size() != current_.size();
  return {splits + joins, 1};
}

Result<Tensor*> AxisView::build(Network& network, Tensor* base) const {
  Tensor* tensor = base;
  const auto reshape_to = [&](const Dims& to) -> Status {
    if (tensor->type.dims == to) return Ok{};
    auto op = Reshape::between(tensor->type.dims, to);
    if (!op) {
      tensor = nullptr;
      return Ok{};
    }
    TRY_ASSIGN(tensor, network.add(*op, {tensor}));
    return Ok{};
  };
  if (!keeps_order()) {
    std::vector<int> firsts;
    const std::vector<Group> parts = joined(&firsts);
    Dims split_dims;
    for (const Group& part : parts) {
      Dim dim = 1;
      for (int atom : part) dim = dim * atoms_[static_cast<size_t>(atom)];
      split_dims.push_back(dim);
    }
    TRY(reshape_to(split_dims));
    if (!tensor) return nullptr;
    std::vector<int64_t> permutation;
    for (const Group& group : current_) {
      for (int atom : group) {
        auto found = std::find(firsts.begin(), firsts.end(), atom);
        if (found != firsts.end()) permutation.push_back(found - firsts.begin());
      }
    }
    TRY_ASSIGN(tensor, network.add(Transpose(permutation), {tensor}));
  }
  TRY(reshape_to(dims()));
  return tensor;
}

Result<Tensor*> AxisView::build_with_last(Network& network, Tensor* base) const {
  AxisView view = *this;
  const Group last = base_.back();
  const Dim length = base->type.dims.back();
  // One atom of the new length stands for all of the last dim.
  const int atom = static_cast<int>(view.atoms_.size());
  view.atoms_.push_back(length);
  view.base_.back() = view.current_.back() = length.is(1) ? Group{} : Group{atom};
  view.base_dims_.back() = length;
  return view.build(network, base);
}

}  // namespace ingot
