// Running: load a plan with an IRuntime, make an IExecutionContext of its ICudaEngine, set shapes and addresses, enqueue.
//
//   nvinfer1::IRuntime* runtime = nvinfer1::createInferRuntime(logger);
//   nvinfer1::ICudaEngine* engine = runtime->deserializeCudaEngine(plan.data(), plan.size());
//   nvinfer1::IExecutionContext* context = engine->createExecutionContext();
//   context->setInputShape("x", nvinfer1::Dims4(1, 3, 224, 224));
//   context->setTensorAddress("x", x);
//   context->setTensorAddress("y", y);
//   context->enqueueV3(stream);
#pragma once

#include "NvInferImpl.h"
#include "NvInferRuntimeCommon.h"
#include "ingot/engine.h"
#include "ingot/engine_types.h"
#include "ingot/execution_context.h"
#include "ingot/expressions.h"
#include "ingot/optimization_profile.h"
#include "ingot/plugin_v1.h"
#include "ingot/plugin_v3.h"
#include "ingot/refitter.h"
#include "ingot/runtime.h"
