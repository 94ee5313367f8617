// One library, compiled once, serves programs of all API generations in one process: shapes cross the border in both directions, and
// what an old program implements is called through the newest form.
#include <gtest/gtest.h>

#include <memory>

#include "user.h"

using namespace nvinfer1;

namespace {

// The library's side: it knows Dims64 alone.
class Profile final : public IOptimizationProfile {
 public:
  bool setShapeValuesV2(char const*, OptProfileSelector, int64_t const*, int32_t) noexcept override { return false; }
  int64_t const* getShapeValuesV2(char const*, OptProfileSelector) const noexcept override { return nullptr; }
  int32_t getNbShapeValues(char const*) const noexcept override { return -1; }
  bool setExtraMemoryTarget(float) noexcept override { return false; }
  float getExtraMemoryTarget() const noexcept override { return 1; }
  bool isValid() const noexcept override { return true; }
  bool setShapeValues(char const*, OptProfileSelector, int32_t const*, int32_t) noexcept override { return false; }
  int32_t const* getShapeValues(char const*, OptProfileSelector) const noexcept override { return nullptr; }
  bool setDimensions64_(char const*, OptProfileSelector, Dims64 const& dims) noexcept override {
    dims_ = dims;
    return true;
  }
  Dims64 getDimensions64_(char const*, OptProfileSelector) const noexcept override { return dims_; }

  Dims64 dims_{};
};

PluginTensorDesc64 desc(const Dims64& dims, float scale) { return {dims, DataType::kFLOAT, TensorFormat::kLINEAR, scale}; }

struct Generation {
  const char* name;
  const User& (*user)();
};

class Levels : public testing::TestWithParam<Generation> {
 protected:
  const User& user = GetParam().user();
  std::string notes;
  Dims64 two[2] = {{2, {3, 4}}, {3, {5, 6, 7}}};
};

TEST_P(Levels, shapes_go_in_and_come_back) {
  Profile profile;
  const bool wide = user.version >= 100000;
  EXPECT_EQ(user.set_and_get(profile), (std::vector<int64_t>{2, wide ? 5000000000 : 5}));
  EXPECT_EQ(profile.dims_.nbDims, 2);
  EXPECT_EQ(profile.dims_.d[1], wide ? 5000000000 : 5);
}

TEST_P(Levels, a_plugin_gets_shapes_of_its_width) {
  IPluginV2* plugin = user.make_plugin(&notes);
  EXPECT_EQ(plugin->getTensorRTVersion() >> 24, static_cast<int>(PluginVersion::kV2));
  EXPECT_EQ(plugin->getTensorRTVersion() & 0xFFFFFF, user.version);
  const Dims64 output = plugin->getOutputDimensions64_(0, two, 2);
  EXPECT_EQ(output.nbDims, 3);
  EXPECT_EQ(output.d[2], 7);
  plugin->configureWithFormat64_(two, 2, two + 1, 1, DataType::kFLOAT, TensorFormat::kLINEAR, 9);
  void* outputs[] = {plugin};
  EXPECT_EQ(plugin->enqueue(8, nullptr, const_cast<void* const*>(outputs), nullptr, nullptr), 0);
  EXPECT_EQ(plugin->enqueue(7, nullptr, outputs, nullptr, nullptr), 0);
  plugin->destroy();
  EXPECT_EQ(notes, "shape 0[3 4][5 6 7]; configure [3 4][5 6 7]>[5 6 7] 9; enqueue 8 self; enqueue 7 self; ");
}

TEST_P(Levels, a_plugin_with_formats_gets_descriptions_of_its_width) {
  IPluginV2IOExt* plugin = user.make_io_plugin(&notes);
  EXPECT_EQ(plugin->getTensorRTVersion() >> 24, static_cast<int>(PluginVersion::kV2_IOEXT));
  const PluginTensorDesc64 tensors[] = {desc(two[0], 1), desc(two[1], 2), desc(two[0], 3)};
  EXPECT_TRUE(plugin->supportsFormatCombination64_(1, tensors, 2, 1));
  plugin->configurePlugin64_(tensors, 2, tensors + 2, 1);
  plugin->destroy();
  EXPECT_EQ(notes, "supports 1[3 4]*1[5 6 7]*2[3 4]*3; configure [3 4]*1[5 6 7]*2>[3 4]*3; ");
}

TEST_P(Levels, a_dynamic_plugin_gets_descriptions_of_its_width) {
  IPluginV2DynamicExt* plugin = user.make_dynamic_plugin(&notes);
  EXPECT_EQ(plugin->getTensorRTVersion() >> 24, static_cast<int>(PluginVersion::kV2_DYNAMICEXT));
  const PluginTensorDesc64 tensors[] = {desc(two[0], 1), desc(two[1], 2), desc(two[0], 3)};
  const DynamicPluginTensorDesc64 ranges[] = {{tensors[0], two[0], two[1], two[0]}, {tensors[1], two[1], two[0], two[1]}};
  EXPECT_TRUE(plugin->supportsFormatCombination64_(2, tensors, 2, 1));
  plugin->configurePlugin64_(ranges, 2, ranges + 1, 1);
  EXPECT_EQ(plugin->getWorkspaceSize64_(tensors, 2, tensors + 2, 1), 7u);
  EXPECT_EQ(plugin->enqueue64_(tensors, 2, tensors + 2, 1, nullptr, nullptr, nullptr, nullptr), 0);
  plugin->destroy();
  EXPECT_EQ(notes,
            "supports 2[3 4]*1[5 6 7]*2[3 4]*3; "
            "configure [3 4]*1[3 4][5 6 7][5 6 7]*2[5 6 7][3 4]>[5 6 7]*2[5 6 7][3 4]; "
            "workspace [3 4]*1[5 6 7]*2>[3 4]*3; enqueue [3 4]*1[5 6 7]*2>[3 4]*3; ");
}

TEST_P(Levels, a_plugin_of_the_first_generation_gets_shapes_of_its_width) {
  std::unique_ptr<IPlugin> plugin(user.make_first_plugin(&notes));
  EXPECT_EQ(plugin->getOutputDimensions64_(0, two, 2).d[1], 6);
  plugin->configure64_(two, 2, two, 1, 1);
  EXPECT_EQ(notes, "configure [3 4][5 6 7]>[3 4]; ");
}

TEST_P(Levels, extents_beyond_32_bits_saturate) {
  std::unique_ptr<IPlugin> plugin(user.make_first_plugin(&notes));
  const Dims64 large = {1, {3000000000}};
  EXPECT_EQ(plugin->getOutputDimensions64_(0, &large, 1).d[0], user.version >= 100000 ? 3000000000 : INT32_MAX);
}

TEST_P(Levels, memory_is_freed_by_whatever_the_allocator_implements) {
  std::unique_ptr<IGpuAllocator> allocator(user.make_allocator(&notes));
  EXPECT_EQ(allocator->allocateAsync(64, 1, 0, nullptr), nullptr);
  EXPECT_TRUE(allocator->deallocateAsync(&notes, nullptr));
  EXPECT_EQ(notes, user.version >= 100000 ? "allocate 64; deallocate; " : "allocate 64; free; ");
}

TEST_P(Levels, memory_is_freed_by_either_form) {
  std::unique_ptr<IGpuAllocator> allocator(user.make_allocator(&notes));
  allocator->free(nullptr);
  EXPECT_TRUE(allocator->deallocate(&notes));
  EXPECT_EQ(notes, user.version >= 100000 ? "deallocate null; deallocate; " : "free null; free; ");
}

TEST_P(Levels, an_output_allocator_learns_the_shape) {
  std::unique_ptr<IOutputAllocator> allocator(user.make_output_allocator(&notes));
  EXPECT_EQ(allocator->reallocateOutputAsync("y", nullptr, 48, 1, nullptr), &notes);
  allocator->notifyShape64_("y", two[1]);
  EXPECT_EQ(notes, user.version >= 100000 ? "async y 48; y[5 6 7]; " : "output y 48; y[5 6 7]; ");
}

TEST_P(Levels, a_formula_computes_with_heights_and_widths_of_its_width) {
  std::unique_ptr<IOutputDimensionsFormula> formula(user.make_formula());
  const Dims64 output = formula->compute64_({2, {10, 3}}, {2, {1, 4}}, {2, {2, 2}}, {2, {3, 3}}, {2, {4, 4}}, "");
  EXPECT_EQ(output.nbDims, 2);
  EXPECT_EQ(output.d[0], 20);
  EXPECT_EQ(output.d[1], 12);
}

// Overrides neither of two forms.
struct Nothing final : IGpuAllocator, IOutputAllocator {
  void* allocate(uint64_t, uint64_t, AllocatorFlags) override { return nullptr; }
  void notifyShape(char const*, Dims const&) override {}
};

TEST(Fallback, forms_that_nobody_implements_fail) {
  Nothing nothing;
  EXPECT_EQ(nothing.reallocateOutput("y", nullptr, 1, 1), nullptr);
  EXPECT_EQ(nothing.reallocateOutputAsync("y", nullptr, 1, 1, nullptr), nullptr);
}

// Another object that stands behind the same call is no recursion.
struct Inner final : IOutputAllocator {
  void* reallocateOutput(char const*, void*, uint64_t, uint64_t) override { return this; }
  void notifyShape(char const*, Dims const&) override {}
};
struct Outer final : IOutputAllocator {
  void* reallocateOutput(char const* name, void* memory, uint64_t size, uint64_t alignment) override {
    return inner.reallocateOutputAsync(name, memory, size, alignment, nullptr);
  }
  void notifyShape(char const*, Dims const&) override {}
  Inner inner;
};

TEST(Fallback, an_object_may_call_another_one) {
  Outer outer;
  EXPECT_EQ(outer.reallocateOutputAsync("y", nullptr, 1, 1, nullptr), &outer.inner);
}

INSTANTIATE_TEST_SUITE_P(generation, Levels,
                         testing::Values(Generation{"5", user_of_5}, Generation{"8", user_of_8}, Generation{"11", user_of_11}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
