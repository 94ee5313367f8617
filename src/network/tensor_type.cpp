#include "network/tensor_type.h"

namespace ingot {

std::string TensorType::text() const { return std::string(name_of(type)) + " " + to_text(dims); }

}  // namespace ingot
