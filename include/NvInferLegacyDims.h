// Dims with a fixed number of extents, and names for those of images.
#pragma once

#include "ingot/dims.h"

namespace nvinfer1 {

// [a, b]
class INGOT_LEVEL_ABI Dims2 : public Dims {
 public:
  Dims2() noexcept : Dims2(0, 0) {}
  Dims2(impl::Extent d0, impl::Extent d1) noexcept : Dims{} {
    nbDims = 2;
    d[0] = d0;
    d[1] = d1;
  }
};

// [height, width]
class INGOT_LEVEL_ABI DimsHW : public Dims2 {
 public:
  DimsHW() noexcept : Dims2() {}
  DimsHW(impl::Extent height, impl::Extent width) noexcept : Dims2(height, width) {}
  impl::Extent& h() noexcept { return d[0]; }
  impl::Extent h() const noexcept { return d[0]; }
  impl::Extent& w() noexcept { return d[1]; }
  impl::Extent w() const noexcept { return d[1]; }
};

// [a, b, c]
class INGOT_LEVEL_ABI Dims3 : public Dims2 {
 public:
  Dims3() noexcept : Dims3(0, 0, 0) {}
  Dims3(impl::Extent d0, impl::Extent d1, impl::Extent d2) noexcept : Dims2(d0, d1) {
    nbDims = 3;
    d[2] = d2;
  }
};

// [a, b, c, e]
class INGOT_LEVEL_ABI Dims4 : public Dims3 {
 public:
  Dims4() noexcept : Dims4(0, 0, 0, 0) {}
  Dims4(impl::Extent d0, impl::Extent d1, impl::Extent d2, impl::Extent d3) noexcept : Dims3(d0, d1, d2) {
    nbDims = 4;
    d[3] = d3;
  }
};

// ---- Retired: generations up to 7 ----

// [channels, height, width]
class INGOT_LEVEL_ABI DimsCHW : public Dims3 {
 public:
  DimsCHW() noexcept : Dims3() {}
  DimsCHW(impl::Extent channels, impl::Extent height, impl::Extent width) noexcept : Dims3(channels, height, width) {}
  impl::Extent& c() noexcept { return d[0]; }
  impl::Extent c() const noexcept { return d[0]; }
  impl::Extent& h() noexcept { return d[1]; }
  impl::Extent h() const noexcept { return d[1]; }
  impl::Extent& w() noexcept { return d[2]; }
  impl::Extent w() const noexcept { return d[2]; }
};

// [batch, channels, height, width]
class INGOT_LEVEL_ABI DimsNCHW : public Dims4 {
 public:
  DimsNCHW() noexcept : Dims4() {}
  DimsNCHW(impl::Extent batch, impl::Extent channels, impl::Extent height, impl::Extent width) noexcept
      : Dims4(batch, channels, height, width) {}
  impl::Extent& n() noexcept { return d[0]; }
  impl::Extent n() const noexcept { return d[0]; }
  impl::Extent& c() noexcept { return d[1]; }
  impl::Extent c() const noexcept { return d[1]; }
  impl::Extent& h() noexcept { return d[2]; }
  impl::Extent h() const noexcept { return d[2]; }
  impl::Extent& w() noexcept { return d[3]; }
  impl::Extent w() const noexcept { return d[3]; }
};

namespace impl {

// [height, width] of a Dims64 with two extents, for the retired calls that speak of DimsHW.
inline DimsHW toHW(Dims64 const& dims) noexcept {
  return DimsHW(static_cast<Extent>(dims.nbDims > 0 ? dims.d[0] : 0), static_cast<Extent>(dims.nbDims > 1 ? dims.d[1] : 0));
}

}  // namespace impl
}  // namespace nvinfer1
