// Layers that a program implements.
#pragma once

#include "layer.h"

namespace nvinfer1 {

class IPluginV2;
class IPluginV3;

class IPluginV3Layer : public ILayer {
 public:
  // The layer's own copy of the plugin.
  virtual IPluginV3& getPlugin() noexcept = 0;

 protected:
  ~IPluginV3Layer() noexcept override = default;
};

class IPluginV2Layer : public ILayer {
 public:
  virtual IPluginV2& getPlugin() noexcept = 0;

 protected:
  ~IPluginV2Layer() noexcept override = default;
};

// ---- Retired: up to generation 7 ----

class IPlugin;

class IPluginLayer : public ILayer {
 public:
  virtual IPlugin& getPlugin() noexcept = 0;

 protected:
  ~IPluginLayer() noexcept override = default;
};

}  // namespace nvinfer1
