// What building needs of a network that the program made; network.cpp implements it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "network/network.h"

namespace ingot::api {

class Reporter;

// The core network behind a definition. The definition stays the owner.
Network& core_network(nvinfer1::INetworkDefinition& network);
const Network& core_network(const nvinfer1::INetworkDefinition& network);
bool is_strongly_typed(const nvinfer1::INetworkDefinition& network);
bool has_implicit_batch(const nvinfer1::INetworkDefinition& network);
Tensor& core_tensor(nvinfer1::ITensor& tensor);
Layer* core_layer(const nvinfer1::ILayer& layer);

// A copy to build, with control flow as subnetworks; an error names the layer whose settings never made sense.
Result<std::unique_ptr<Network>> buildable_network(const nvinfer1::INetworkDefinition& network);

struct WeightsEntry;
// What the program calls the network's weights: by layer and role, by name, or both; of those that it marked refittable, where it marked
// any or `marked_only` says so.
std::vector<WeightsEntry> weights_of(const nvinfer1::INetworkDefinition& network, bool marked_only);

// What the program wants to see of the network's inner tensors.
struct DebugWishes {
  std::vector<std::string> tensors;  // by name
  bool unfused = false;              // and all others that are left when layers are fused
};
DebugWishes debug_wishes(const nvinfer1::INetworkDefinition& network);

// An empty network, for IBuilder::createNetworkV2. `major` is the generation of the caller.
nvinfer1::INetworkDefinition* make_network(nvinfer1::IBuilder& builder, const Reporter& reporter,
                                           nvinfer1::NetworkDefinitionCreationFlags flags, int major);

}  // namespace ingot::api
