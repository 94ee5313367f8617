// Pictures of 8-bit red, green and blue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> pixels;  // row by row, three bytes each

  uint8_t* at(int x, int y) { return &pixels[3 * (static_cast<size_t>(y) * width + x)]; }
  const uint8_t* at(int x, int y) const { return &pixels[3 * (static_cast<size_t>(y) * width + x)]; }
};

// These throw std::runtime_error with the file's name.
Image read_jpeg(const std::string& path);
void write_png(const Image& image, const std::string& path);

Image resize(const Image& image, int width, int height);  // bilinear
void draw_box(Image& image, int left, int top, int right, int bottom);
