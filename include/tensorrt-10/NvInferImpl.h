#pragma once

#include "../NvInferImpl.h"
#include "NvInferVersion.h"
