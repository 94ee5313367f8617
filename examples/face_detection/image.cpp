#include "image.h"

#include <cstdio>
// jpeglib.h needs cstdio before it.
#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace {

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

[[noreturn]] void fail_jpeg(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  throw std::runtime_error(message);
}

}  // namespace

Image read_jpeg(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) throw std::runtime_error(path + ": cannot be read");
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  errors.error_exit = fail_jpeg;
  jpeg_create_decompress(&info);
  jpeg_stdio_src(&info, file.get());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  Image image{static_cast<int>(info.output_width), static_cast<int>(info.output_height), {}};
  image.pixels.resize(3 * static_cast<size_t>(image.width) * image.height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = image.at(0, static_cast<int>(info.output_scanline));
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return image;
}

void write_png(const Image& image, const std::string& path) {
  png_image header;
  std::memset(&header, 0, sizeof header);
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_RGB;
  if (!png_image_write_to_file(&header, path.c_str(), 0, image.pixels.data(), 0, nullptr))
    throw std::runtime_error(path + ": " + header.message);
}

Image resize(const Image& image, int width, int height) {
  Image out{width, height, std::vector<uint8_t>(3 * static_cast<size_t>(width) * height)};
  for (int y = 0; y < height; ++y) {
    const float v = std::clamp((y + 0.5f) * image.height / height - 0.5f, 0.f, image.height - 1.f);
    const int top = static_cast<int>(v), bottom = std::min(top + 1, image.height - 1);
    for (int x = 0; x < width; ++x) {
      const float u = std::clamp((x + 0.5f) * image.width / width - 0.5f, 0.f, image.width - 1.f);
      const int left = static_cast<int>(u), right = std::min(left + 1, image.width - 1);
      for (int c = 0; c < 3; ++c) {
        const float upper = image.at(left, top)[c] + (u - left) * (image.at(right, top)[c] - image.at(left, top)[c]);
        const float lower = image.at(left, bottom)[c] + (u - left) * (image.at(right, bottom)[c] - image.at(left, bottom)[c]);
        out.at(x, y)[c] = static_cast<uint8_t>(std::lround(upper + (v - top) * (lower - upper)));
      }
    }
  }
  return out;
}

void draw_box(Image& image, int left, int top, int right, int bottom) {
  constexpr int kThickness = 2;
  constexpr uint8_t kColour[3] = {40, 220, 60};
  const auto paint = [&](int x, int y) {
    if (x >= 0 && x < image.width && y >= 0 && y < image.height) std::memcpy(image.at(x, y), kColour, 3);
  };
  for (int i = 0; i < kThickness; ++i) {
    for (int x = left; x <= right; ++x) {
      paint(x, top + i);
      paint(x, bottom - i);
    }
    for (int y = top; y <= bottom; ++y) {
      paint(left + i, y);
      paint(right - i, y);
    }
  }
}
