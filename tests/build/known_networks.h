// Networks of well-known structures as text: their blocks as exporters write them, with fewer channels.
#pragma once

#include <fmt/format.h>

#include <string>

namespace ingot {

// Writes networks as text, layer by layer.
class NetworkWriter {
 public:
  // With `quantized`, products read dequantized bytes, and what products and sums give is quantized, as exporters of int8 networks write
  // it.
  explicit NetworkWriter(bool quantized = false) : quantized_(quantized) {}

  std::string line(const std::string& call) {
    const std::string name = fmt::format("t{}", count_++);
    text_ += name + " = " + call + "\n";
    return name;
  }
  void raw(const std::string& text) { text_ += text + "\n"; }
  std::string weights(const std::string& dims) {
    const std::string name = fmt::format("w{}", count_++);
    text_ += fmt::format("weights {} float {} = seed {}\n", name, dims, count_);
    return name;
  }
  std::string number(double value) {
    const std::string name = fmt::format("n{}", count_++);
    text_ += fmt::format("weights {} float [] = {}\n", name, value);
    return name;
  }
  // A quantize and a dequantize, where this network has them.
  std::string rounded(const std::string& x) {
    if (!quantized_) return x;
    const std::string scale = number(0.03);
    return line(fmt::format("dequantize({}, {})", line(fmt::format("quantize({}, {})", x, scale)), scale));
  }
  std::string product_weights(const std::string& dims, int64_t channels, int64_t axis) {
    const std::string w = weights(dims);
    if (!quantized_) return w;
    const std::string scales = fmt::format("s{}", count_++);
    text_ += fmt::format("weights {} float [{}] =", scales, channels);
    for (int64_t c = 0; c < channels; ++c) text_ += " 0.01";
    text_ += "\n";
    const std::string bytes = line(fmt::format("quantize({}, {}) axis={}", w, scales, axis));
    return line(fmt::format("dequantize({}, {}) axis={}", bytes, scales, axis));
  }

  // A convolution and its batch normalization; quantized networks have that folded already.
  std::string convolution(const std::string& x, int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups = 1) {
    const std::string w = product_weights(fmt::format("[{}, {}, {}, {}]", out, in / groups, kernel, kernel), out, 0),
                      b = weights(fmt::format("[{}]", out));
    const int64_t pad = kernel / 2;
    std::string y = line(fmt::format("convolution({}, {}, {}) strides=[{}, {}] pads_begin=[{}, {}] pads_end=[{}, {}] groups={}", x, w, b,
                                     stride, stride, pad, pad, pad, pad, groups));
    if (quantized_) return rounded(y);
    y = line(fmt::format("mul({}, {})", y, weights(fmt::format("[{}, 1, 1]", out))));
    return line(fmt::format("add({}, {})", y, weights(fmt::format("[{}, 1, 1]", out))));
  }
  std::string unary(const char* function, const std::string& x) { return rounded(line(fmt::format("{}({})", function, x))); }
  std::string sum(const std::string& a, const std::string& b) { return rounded(line(fmt::format("add({}, {})", a, b))); }
  std::string linear(const std::string& x, int64_t in, int64_t out) {
    const std::string w = product_weights(fmt::format("[{}, {}]", in, out), out, 1);
    const std::string y = rounded(line(fmt::format("matmul({}, {})", x, w)));
    return rounded(line(fmt::format("add({}, {})", weights(fmt::format("[{}]", out)), y)));
  }
  std::string classifier(const std::string& x, int64_t channels) {
    const std::string mean = rounded(line(fmt::format("reduce({}) kind=mean axes=[2, 3]", x)));
    return linear(line(fmt::format("reshape({}) dims=\"[d0, {}]\"", mean, channels)), channels, 10);
  }

  // In pieces, as exporters of older opsets write it.
  std::string layer_norm(const std::string& x, int64_t width) {
    const std::string centered = line(fmt::format("sub({}, {})", x, line(fmt::format("reduce({}) kind=mean axes=[-1]", x))));
    const std::string square = line(fmt::format("pow({}, {})", centered, number(2)));
    const std::string variance = line(fmt::format("reduce({}) kind=mean axes=[-1]", square));
    const std::string deviation = line(fmt::format("sqrt({})", line(fmt::format("add({}, {})", variance, number(1e-5)))));
    const std::string scaled =
        line(fmt::format("mul({}, {})", line(fmt::format("div({}, {})", centered, deviation)), weights(fmt::format("[{}]", width))));
    return line(fmt::format("add({}, {})", scaled, weights(fmt::format("[{}]", width))));
  }
  std::string gelu(const std::string& x) {
    const std::string error = line(fmt::format("erf({})", line(fmt::format("div({}, {})", x, number(1.41421356237)))));
    const std::string gate = line(fmt::format("mul({}, {})", x, line(fmt::format("add({}, {})", error, number(1)))));
    return line(fmt::format("mul({}, {})", gate, number(0.5)));
  }
  std::string heads(const std::string& x, int64_t length, int64_t count, int64_t depth) {
    const std::string split = line(fmt::format("reshape({}) dims=\"[d0, {}, {}, {}]\"", x, length, count, depth));
    return line(fmt::format("transpose({}) permutation=[0, 2, 1, 3]", split));
  }
  std::string attention(const std::string& x, int64_t length, int64_t count, int64_t depth, const std::string& mask) {
    const int64_t width = count * depth;
    const std::string q = heads(linear(x, width, width), length, count, depth), k = heads(linear(x, width, width), length, count, depth),
                      v = heads(linear(x, width, width), length, count, depth);
    std::string scores = line(fmt::format("matmul({}, {})", q, line(fmt::format("transpose({}) permutation=[0, 1, 3, 2]", k))));
    scores = line(fmt::format("div({}, {})", scores, number(2.82842712475)));
    if (!mask.empty()) scores = line(fmt::format("add({}, {})", scores, mask));
    const std::string values = line(fmt::format("matmul({}, {})", line(fmt::format("softmax({})", scores)), v));
    const std::string joined = line(fmt::format("transpose({}) permutation=[0, 2, 1, 3]", values));
    return linear(line(fmt::format("reshape({}) dims=\"[d0, {}, {}]\"", joined, length, width)), width, width);
  }

  std::string finish(const std::string& output, const std::string& profile) const {
    return text_ + "output " + output + "\n" + profile + "\n";
  }

 private:
  bool quantized_;
  int count_ = 0;
  std::string text_;
};

inline constexpr const char* kImageProfile = "profile 0 x min=[1, 3, 32, 32] opt=[1, 3, 32, 32] max=[4, 3, 32, 32]";

// ResNet-50: bottlenecks of 3, 4, 6 and 3 blocks.
inline std::string resnet(bool quantized) {
  NetworkWriter w(quantized);
  w.raw("input x [n, 3, 32, 32]");
  std::string x = w.unary("relu", w.convolution(w.rounded("x"), 3, 8, 7, 2));
  x = w.line("pool(" + x + ") kernel=[3, 3] strides=[2, 2] pads_begin=[1, 1] pads_end=[1, 1]");
  int64_t channels = 8;
  const int blocks[4] = {3, 4, 6, 3};
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t inner = 4 << stage, outer = 16 << stage;
    for (int block = 0; block < blocks[stage]; ++block) {
      const int64_t stride = block == 0 && stage > 0 ? 2 : 1;
      std::string y = w.unary("relu", w.convolution(x, channels, inner, 1, 1));
      y = w.unary("relu", w.convolution(y, inner, inner, 3, stride));
      y = w.convolution(y, inner, outer, 1, 1);
      const std::string shortcut = block == 0 ? w.convolution(x, channels, outer, 1, stride) : x;
      x = w.unary("relu", w.sum(y, shortcut));
      channels = outer;
    }
  }
  return w.finish(w.classifier(x, channels), kImageProfile);
}

// MobileNetV2: 17 inverted residuals.
inline std::string mobilenet(bool quantized) {
  NetworkWriter w(quantized);
  w.raw("input x [n, 3, 32, 32]");
  const auto bounded = [&](const std::string& y) { return w.rounded(w.line("clip(" + y + ") a=0 b=6")); };
  std::string x = bounded(w.convolution(w.rounded("x"), 3, 8, 3, 2));
  int64_t channels = 8;
  const struct {
    int64_t factor, out, count, stride;
  } stages[] = {{1, 4, 1, 1}, {6, 4, 2, 2}, {6, 8, 3, 2}, {6, 8, 4, 2}, {6, 12, 3, 1}, {6, 16, 3, 2}, {6, 24, 1, 1}};
  for (const auto& stage : stages) {
    for (int64_t block = 0; block < stage.count; ++block) {
      const int64_t stride = block == 0 ? stage.stride : 1, inner = channels * stage.factor;
      std::string y = stage.factor == 1 ? x : bounded(w.convolution(x, channels, inner, 1, 1));
      y = bounded(w.convolution(y, inner, inner, 3, stride, inner));
      y = w.convolution(y, inner, stage.out, 1, 1);
      x = block == 0 ? y : w.sum(x, y);
      channels = stage.out;
    }
  }
  x = bounded(w.convolution(x, channels, 32, 1, 1));
  return w.finish(w.classifier(x, 32), kImageProfile);
}

// BERT: attention and a feed-forward network, each behind a sum and a layer norm.
inline std::string bert(int blocks) {
  NetworkWriter w;
  w.raw("input x [n, 12, 16]\ninput mask [n, 1, 1, 12]");
  std::string x = w.layer_norm("x", 16);
  for (int block = 0; block < blocks; ++block) {
    x = w.layer_norm(w.sum(w.attention(x, 12, 2, 8, "mask"), x), 16);
    const std::string inner = w.linear(w.gelu(w.linear(x, 16, 32)), 32, 16);
    x = w.layer_norm(w.sum(inner, x), 16);
  }
  return w.finish(
      x,
      "profile 0 x min=[1, 12, 16] opt=[2, 12, 16] max=[2, 12, 16]\nprofile 0 mask min=[1, 1, 1, 12] opt=[2, 1, 1, 12] max=[2, 1, 1, 12]");
}

// ViT: patches by a convolution, a class token in front, layer norms before attention and feed-forward network.
inline std::string vit(int blocks) {
  NetworkWriter w;
  w.raw("input x [n, 3, 32, 32]");
  std::string x = w.line(fmt::format("convolution(x, {}, {}) strides=[8, 8]", w.weights("[16, 3, 8, 8]"), w.weights("[16]")));
  x = w.line(fmt::format("transpose({}) permutation=[0, 2, 1]", w.line("reshape(" + x + ") dims=\"[d0, 16, 16]\"")));
  w.raw("weights token_dims int64 [2] = 1 16");
  const std::string batch = w.line("slice(" + w.line("shape(x)") + ") axes=[0] starts=[0] ends=[1]");
  const std::string token = w.line("expand(" + w.weights("[1, 1, 16]") + ", " + w.line("concat(" + batch + ", token_dims) axis=0") + ")");
  x = w.sum(w.line("concat(" + token + ", " + x + ") axis=1"), w.weights("[1, 17, 16]"));
  for (int block = 0; block < blocks; ++block) {
    x = w.sum(x, w.attention(w.layer_norm(x, 16), 17, 2, 8, ""));
    x = w.sum(x, w.linear(w.gelu(w.linear(w.layer_norm(x, 16), 16, 32)), 32, 16));
  }
  x = w.line("slice(" + w.layer_norm(x, 16) + ") axes=[1] starts=[0] ends=[1]");
  return w.finish(w.linear(w.line("reshape(" + x + ") dims=\"[d0, 16]\""), 16, 10), kImageProfile);
}

}  // namespace ingot
