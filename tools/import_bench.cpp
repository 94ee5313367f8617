// How long the import of ONNX models takes and how much memory, for graphs of growing size: both are to grow with the file.
//   import_bench [NODES...]       default: 12500 25000 50000
// Each model is a chain of matrix products, sums and activations with a weight every few nodes; one more has few nodes and large weights.
// Prints for each the size of the file, the time, and the memory at the end and at the peak beyond what the process had before, less the
// file: as a share of the file, and by node.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "import/onnx/import.h"
#include "import/onnx/model_file.h"

namespace ingot::tools {
namespace {

void add_weight(proto::GraphProto* graph, const std::string& name, const std::vector<int64_t>& dims) {
  auto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(proto::TensorProto::FLOAT);
  size_t count = 1;
  for (int64_t dim : dims) {
    tensor->add_dims(dim);
    count *= static_cast<size_t>(dim);
  }
  std::string* raw = tensor->mutable_raw_data();
  raw->resize(count * sizeof(float));
  // Different bytes everywhere, so that no page is shared or left out.
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i % 1013) / 1013;
    std::memcpy(raw->data() + i * sizeof value, &value, sizeof value);
  }
}

void describe(proto::ValueInfoProto* value, const std::string& name, int64_t width) {
  value->set_name(name);
  auto* tensor = value->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(proto::TensorProto::FLOAT);
  tensor->mutable_shape()->add_dim()->set_dim_param("batch");
  tensor->mutable_shape()->add_dim()->set_dim_value(width);
}

proto::ModelProto chain(int64_t nodes, int64_t width) {
  proto::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  proto::GraphProto* graph = model.mutable_graph();
  graph->set_name("chain");
  describe(graph->add_input(), "t0", width);
  static constexpr const char* kOps[] = {"MatMul", "Add", "Relu", "Sigmoid", "Mul"};
  for (int64_t i = 0; i < nodes; ++i) {
    auto* node = graph->add_node();
    const auto kind = static_cast<size_t>(i % 5);
    node->set_op_type(kOps[kind]);
    node->set_name("node_" + std::to_string(i));
    node->add_input("t" + std::to_string(i));
    if (kind < 2) {
      const std::string weight = "w" + std::to_string(i);
      add_weight(graph, weight, kind == 0 ? std::vector<int64_t>{width, width} : std::vector<int64_t>{width});
      node->add_input(weight);
    } else if (kind == 4) {
      node->add_input("t" + std::to_string(i - 1));
    }
    node->add_output("t" + std::to_string(i + 1));
  }
  describe(graph->add_output(), "t" + std::to_string(nodes), width);
  return model;
}

// "VmRSS" or "VmHWM" of this process, in bytes.
int64_t memory(const char* what) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(what)) return std::atoll(line.c_str() + std::strlen(what) + 1) * 1024;
  }
  return 0;
}

void measure(const std::string& path, int64_t nodes) {
  const auto size = static_cast<double>(std::filesystem::file_size(path));
  const int64_t before = memory("VmRSS");
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t busy_start = std::clock();
  auto network = import_onnx_file(path);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double busy = static_cast<double>(std::clock() - busy_start) / CLOCKS_PER_SEC;
  if (!network.ok()) {
    std::printf("%s\n", network.error().message.c_str());
    std::exit(1);
  }
  const double held = static_cast<double>(memory("VmRSS") - before), most = static_cast<double>(memory("VmHWM") - before);
  std::printf(
      "%7lld nodes %8.1f MB of file %6.2f s (%.2f s of CPU) %8.1f MB held %8.1f MB at the peak; beyond the file %5.1f%% or %5.2f KB a "
      "node\n",
      static_cast<long long>(nodes), size / 1e6, seconds.count(), busy, held / 1e6, most / 1e6, 100 * (most - size) / size,
      (most - size) / 1024 / static_cast<double>(nodes));
  std::fflush(stdout);
}

// Writes the model in one process and reads it in another, so that the first one's memory does not count.
int run_one(int64_t nodes, int64_t width) {
  const std::string path = (std::filesystem::temp_directory_path() / ("import_bench_" + std::to_string(getpid()) + ".onnx")).string();
  for (const bool writes : {true, false}) {
    const pid_t child = fork();
    if (child == 0) {
      if (writes) {
        std::ofstream file(path, std::ios::binary);
        _exit(chain(nodes, width).SerializeToOstream(&file) ? 0 : 1);
      }
      measure(path, nodes);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  std::filesystem::remove(path);
  return 0;
}

}  // namespace
}  // namespace ingot::tools

int main(int argc, char** argv) {
  std::vector<int64_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoll(argv[i]));
  if (sizes.empty()) sizes = {12500, 25000, 50000};
  int failed = 0;
  for (int64_t nodes : sizes) failed += ingot::tools::run_one(nodes, 16);
  failed += ingot::tools::run_one(50, 3000);
  return failed == 0 ? 0 : 1;
}
