#include "tactics/packing.h"

#include "tactics/cpu/panels.h"

namespace ingot {
namespace {

// The packed right operands of matrix products and convolutions; see cpu/panels.h.
class PanelPacking final : public Packing {
 public:
  explicit PanelPacking(Product product) : product_(product) {}
  std::string_view name() const override { return panel_packing_name(product_); }

  // Without knowing the layer: as a matrix [K, N] of the last two dimensions.
  Result<std::vector<std::byte>> pack(const Array& plain) const override {
    TRY_ASSIGN(Panels panels, Panels::plan(PanelSpec{}, product_, plain.shape()));
    TRY(check_type(plain.type()));
    std::vector<std::byte> packed(panels.byte_count());
    panels.pack(plain.type(), plain.data(), packed.data());
    return packed;
  }

  Result<Array> unpack(DataType type, const Shape& shape, const std::byte* data, size_t size) const override {
    TRY(check_type(type));
    TRY_ASSIGN(PanelSpec spec, Panels::read_header(data, size));
    TRY_ASSIGN(Panels panels, Panels::plan(spec, product_, shape));
    TRY(panels.check(data, size));
    TRY_ASSIGN(Array plain, Array::make(type, shape));
    panels.unpack(type, data, plain.mutable_data());
    return plain;
  }

 private:
  Status check_type(DataType type) const {
    const bool fits = product_ == Product::kFloat  ? type == DataType::kFloat || type == DataType::kHalf
                      : product_ == Product::kBf16 ? type == DataType::kBf16
                                                   : type == DataType::kInt8;
    if (!fits) return invalid("the packing " + std::string(name()) + " does not hold elements of type " + std::string(name_of(type)));
    return Ok{};
  }
  Product product_;
};

}  // namespace

PackingCatalogue& PackingCatalogue::instance() {
  static PackingCatalogue* catalogue = [] {
    auto* made = new PackingCatalogue;
    for (Product product : {Product::kFloat, Product::kBf16, Product::kInt8}) made->add(std::make_unique<PanelPacking>(product));
    return made;
  }();
  return *catalogue;
}

void PackingCatalogue::add(std::unique_ptr<Packing> packing) { packings_.push_back(std::move(packing)); }

const Packing* PackingCatalogue::find(std::string_view name) const {
  for (const auto& packing : packings_) {
    if (packing->name() == name) return packing.get();
  }
  return nullptr;
}

}  // namespace ingot
