// libnvinfer_plugin: the entry by which programs ask for the ready-made plugins.
#include "NvInferPlugin.h"

extern "C" TENSORRTAPI bool initLibNvInferPlugins(void* /*logger*/, char const* /*libNamespace*/) {
  // The registry exists from the start; this version has no plugins of its own to add to it.
  return getPluginRegistry() != nullptr;
}
