#include "device/cuda/graph_memsets.h"

#include <vector>

namespace ingot::cuda {
namespace {

constexpr unsigned kBlock = 256;
constexpr size_t kMostElements = size_t{1} << 30;
constexpr const char* kSource = R"(
extern "C" __global__ void set_elements(unsigned char* to, unsigned value, unsigned bytes, unsigned long long count) {
  const unsigned long long i = blockIdx.x * 256ull + threadIdx.x;
  if (i >= count) return;
  if (bytes == 4) ((unsigned*)to)[i] = value;
  else if (bytes == 2) ((unsigned short*)to)[i] = (unsigned short)value;
  else to[i] = (unsigned char)value;
}
)";

using Neighbours = CuResult (*)(CuGraphNode node, CuGraphNode* nodes, size_t* count);
Result<std::vector<CuGraphNode>> neighbours_of(Neighbours call, CuGraphNode node) {
  size_t count = 0;
  if (call(node, nullptr, &count) != 0) return unsupported("the edges of a node are not told");
  std::vector<CuGraphNode> nodes(count);
  if (count > 0 && call(node, nodes.data(), &count) != 0) return unsupported("the edges of a node are not told");
  return nodes;
}

}  // namespace

Status replace_memsets(CudaDevice& device, CuGraph graph) {
  const Driver& driver = device.driver();
  size_t count = 0;
  if (!driver.graph_nodes || driver.graph_nodes(graph, nullptr, &count) != 0 || count == 0) return Ok{};
  std::vector<CuGraphNode> nodes(count);
  if (driver.graph_nodes(graph, nodes.data(), &count) != 0) return Ok{};
  for (CuGraphNode node : nodes) {
    int type = 0;
    MemsetNodeParameters memset{};
    if (driver.node_type(node, &type) != 0 || type != kGraphMemset || driver.node_memset(node, &memset) != 0) continue;
    if (memset.height != 1 || memset.width == 0 || memset.width > kMostElements) continue;
    const auto before = neighbours_of(driver.node_dependencies, node), behind = neighbours_of(driver.node_dependents, node);
    if (!before.ok() || !behind.ok()) continue;
    TRY_ASSIGN(const CuFunction function, device.function(kSource, "set_elements"));
    unsigned long long width = memset.width;
    void* parameters[] = {&memset.to, &memset.value, &memset.element_bytes, &width};
    KernelNodeParameters kernel{};
    kernel.function = function;
    kernel.grid[0] = static_cast<unsigned>((memset.width + kBlock - 1) / kBlock);
    kernel.block[0] = kBlock;
    kernel.grid[1] = kernel.grid[2] = kernel.block[1] = kernel.block[2] = 1;
    kernel.parameters = parameters;
    CuGraphNode made = nullptr;
    CUDA_TRY(driver, add_kernel_node, &made, graph, before->data(), before->size(), &kernel);
    const std::vector<CuGraphNode> from(behind->size(), made);
    if (!behind->empty()) CUDA_TRY(driver, add_dependencies, graph, from.data(), behind->data(), behind->size());
    CUDA_TRY(driver, destroy_node, node);
  }
  return Ok{};
}

}  // namespace ingot::cuda
