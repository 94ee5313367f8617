#include "build/debug_tensors.h"

namespace ingot {

Status WatchedTensors::watch(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    Tensor* tensor = network_.find_tensor(name);
    if (!tensor)
      return invalid("the tensor '" + name + "' is marked for debugging, but lies inside a loop or a conditional, where nothing is shown");
    if (tensor->is_input() || tensor->is_output()) continue;
    if (name.find('\n') != std::string::npos) return unsupported("a tensor that is marked for debugging has a line break in its name");
    TRY(network_.mark_output(tensor));
    marked_.push_back(name);
  }
  return Ok{};
}

Status WatchedTensors::watch_unfused(const Network& original) {
  std::vector<std::string> names;
  for (const auto& layer : network_.layers()) {
    for (const Tensor* output : layer->outputs()) {
      const Tensor* known = original.find_tensor(output->name);
      if (known && known->producer() && output->type.place == Place::kDevice && output->name.find('\n') == std::string::npos)
        names.push_back(output->name);
    }
  }
  unfused_ = names;
  return watch(names);
}

void WatchedTensors::release() {
  for (const std::string& name : marked_) {
    Tensor* tensor = network_.find_tensor(name);
    if (tensor && tensor->is_output()) network_.unmark_output(tensor);
  }
  marked_.clear();
}

}  // namespace ingot
