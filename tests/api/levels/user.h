// What a program of one API generation does, told in words that have the same layout in all of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "NvInfer.h"

struct User {
  // Sets the minimum of input "x" to [2, 5'000'000'000 where a program can say so, else 5] and reads all dimensions back.
  std::vector<int64_t> (*set_and_get)(nvinfer1::IOptimizationProfile& profile);
  // Each writes down in *notes what it is called with.
  nvinfer1::IPluginV2* (*make_plugin)(std::string* notes);
  nvinfer1::IPluginV2IOExt* (*make_io_plugin)(std::string* notes);
  nvinfer1::IPluginV2DynamicExt* (*make_dynamic_plugin)(std::string* notes);
  nvinfer1::IPlugin* (*make_first_plugin)(std::string* notes);
  nvinfer1::IGpuAllocator* (*make_allocator)(std::string* notes);
  nvinfer1::IOutputAllocator* (*make_output_allocator)(std::string* notes);
  nvinfer1::IOutputDimensionsFormula* (*make_formula)();
  int32_t version;  // NV_TENSORRT_VERSION
};

const User& user_of_5();
const User& user_of_8();
const User& user_of_11();
