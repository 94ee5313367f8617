// Short vectors as CUDA lays them out: n fields x, y, z, w; 2 and 4 wide ones are aligned to their size, up to 16 bytes.
#ifndef INGOT_CUDART_VECTOR_TYPES_H
#define INGOT_CUDART_VECTOR_TYPES_H

#include "host_defines.h"

#define INGOT_VECTOR_TYPES(name, type, align2, align4) \
  struct name##1 {                                     \
    type x;                                            \
  };                                                   \
  struct __align__(align2) name##2 {                   \
    type x, y;                                         \
  };                                                   \
  struct name##3 {                                     \
    type x, y, z;                                      \
  };                                                   \
  struct __align__(align4) name##4 {                   \
    type x, y, z, w;                                   \
  };                                                   \
  typedef struct name##1 name##1;                      \
  typedef struct name##2 name##2;                      \
  typedef struct name##3 name##3;                      \
  typedef struct name##4 name##4;

INGOT_VECTOR_TYPES(char, signed char, 2, 4)
INGOT_VECTOR_TYPES(uchar, unsigned char, 2, 4)
INGOT_VECTOR_TYPES(short, short, 4, 8)
INGOT_VECTOR_TYPES(ushort, unsigned short, 4, 8)
INGOT_VECTOR_TYPES(int, int, 8, 16)
INGOT_VECTOR_TYPES(uint, unsigned int, 8, 16)
INGOT_VECTOR_TYPES(long, long, 16, 16)
INGOT_VECTOR_TYPES(ulong, unsigned long, 16, 16)
INGOT_VECTOR_TYPES(longlong, long long, 16, 16)
INGOT_VECTOR_TYPES(ulonglong, unsigned long long, 16, 16)
INGOT_VECTOR_TYPES(float, float, 8, 16)
INGOT_VECTOR_TYPES(double, double, 16, 16)

#undef INGOT_VECTOR_TYPES

// The extents of a launch; those not given are 1.
struct dim3 {
  unsigned int x, y, z;
#if defined(__cplusplus)
#if __cplusplus >= 201103L
  constexpr dim3(unsigned int x_ = 1, unsigned int y_ = 1, unsigned int z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return uint3{x, y, z}; }
#else
  dim3(unsigned int x_ = 1, unsigned int y_ = 1, unsigned int z_ = 1) : x(x_), y(y_), z(z_) {}
#endif
#endif
};
typedef struct dim3 dim3;

#endif
