// IExecutionContext over the core's execution context.
#pragma once

#include "api/engine.h"

namespace ingot::api {

// An error where a plugin cannot be attached.
Result<nvinfer1::IExecutionContext*> make_context(EngineFacade& engine, nvinfer1::ExecutionContextAllocationStrategy strategy);

// What a context was made with, as createRuntimeConfig gives it; engine.cpp implements it.
std::unique_ptr<nvinfer1::IRuntimeConfig> make_runtime_config(nvinfer1::ExecutionContextAllocationStrategy strategy);

}  // namespace ingot::api
