#include "network/tensor_type.h"

namespace ingot {

TensorType::TensorType() = default;
TensorType::TensorType(DataType type, Dims dims, std::optional<std::vector<Dim>> values, Place place)
    : type(type), dims(std::move(dims)), values(std::move(values)), place(place) {}
TensorType::TensorType(const TensorType&) = default;
TensorType::TensorType(TensorType&&) noexcept = default;
TensorType& TensorType::operator=(const TensorType&) = default;
TensorType& TensorType::operator=(TensorType&&) noexcept = default;
TensorType::~TensorType() = default;

bool TensorType::operator==(const TensorType&) const = default;

std::string TensorType::text() const { return std::string(name_of(type)) + " " + to_text(dims); }

}  // namespace ingot
