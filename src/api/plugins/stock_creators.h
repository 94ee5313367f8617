// What libnvinfer_plugin asks of libnvinfer, where the ready-made plugins live.
#pragma once

#include <cstddef>

#include "NvInferRuntime.h"

// Registers the creators of all ready-made plugins under a namespace; those that are there already stay. False where one could not be.
extern "C" TENSORRTAPI bool ingotRegisterPlugins(void* logger, char const* space) noexcept;
// An IPluginV2 of version 1 from its fields or from what its serialize() wrote; null, and a message in the process's log, where they are
// wrong.
extern "C" TENSORRTAPI nvinfer1::IPluginV2* ingotMakePlugin(char const* name, nvinfer1::PluginFieldCollection const* fields) noexcept;
extern "C" TENSORRTAPI nvinfer1::IPluginV2* ingotLoadPlugin(char const* name, void const* data, std::size_t length) noexcept;
