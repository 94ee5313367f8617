// Names that CUDA sources put before functions and types; a host compiler needs none of them.
#ifndef INGOT_CUDART_HOST_DEFINES_H
#define INGOT_CUDART_HOST_DEFINES_H

#define CUDARTAPI
#define CUDART_CB

#ifndef __host__
#define __host__
#endif
#ifndef __device__
#define __device__
#endif
#ifndef __global__
#define __global__
#endif
#ifndef __constant__
#define __constant__
#endif
#ifndef __shared__
#define __shared__
#endif
#ifndef __managed__
#define __managed__
#endif
#ifndef __forceinline__
#define __forceinline__ inline __attribute__((always_inline))
#endif
#ifndef __align__
#define __align__(bytes) __attribute__((aligned(bytes)))
#endif
#ifndef __device_builtin__
#define __device_builtin__
#endif
#ifndef __launch_bounds__
#define __launch_bounds__(...)
#endif

#endif
