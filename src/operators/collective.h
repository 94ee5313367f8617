// An exchange between the devices of a distributed network. There is one device, so every exchange hands on what it has.
// Source: IDistCollectiveLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class CollectiveKind { kAllReduce, kAllGather, kBroadcast, kReduce, kReduceScatter, kAllToAll, kGather, kScatter };
inline EnumWords<CollectiveKind> words_of(CollectiveKind) {
  return {{CollectiveKind::kAllReduce, "all_reduce"},
          {CollectiveKind::kAllGather, "all_gather"},
          {CollectiveKind::kBroadcast, "broadcast"},
          {CollectiveKind::kReduce, "reduce"},
          {CollectiveKind::kReduceScatter, "reduce_scatter"},
          {CollectiveKind::kAllToAll, "all_to_all"},
          {CollectiveKind::kGather, "gather"},
          {CollectiveKind::kScatter, "scatter"}};
}

struct Collective final : OperatorBase<Collective> {
  static constexpr const char* kName = "collective";
  CollectiveKind kind = CollectiveKind::kAllReduce;
  int64_t root = 0;

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("root", root);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<std::vector<Tensor*>> decompose(Network& network, const std::vector<Tensor*>& inputs) const override;
};

}  // namespace ingot
