#include "api/network.h"

namespace ingot::api {

using nvinfer1::ITensor;

nvinfer1::IPluginV3Layer* NetworkFacade::addPluginV3(ITensor* const*, int32_t, ITensor* const*, int32_t, nvinfer1::IPluginV3&) noexcept {
  not_served("addPluginV3");
  return nullptr;
}
nvinfer1::IPluginV2Layer* NetworkFacade::addPluginV2(ITensor* const*, int32_t, nvinfer1::IPluginV2&) noexcept {
  not_served("addPluginV2");
  return nullptr;
}
nvinfer1::IPluginLayer* NetworkFacade::addPlugin(ITensor* const*, int32_t, nvinfer1::IPlugin&) noexcept {
  not_served("addPlugin");
  return nullptr;
}
nvinfer1::IPluginLayer* NetworkFacade::addPluginExt(ITensor* const*, int32_t, nvinfer1::IPluginExt&) noexcept {
  not_served("addPluginExt");
  return nullptr;
}

}  // namespace ingot::api
