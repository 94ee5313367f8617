// The network as an SVG picture: layers in rows by their distance from the inputs.
#include <algorithm>
#include <unordered_map>

#include "network/network.h"

namespace ingot {
namespace {

constexpr int kBoxWidth = 190, kBoxHeight = 44, kGapX = 26, kGapY = 40, kMargin = 20;

std::string escape(const std::string& text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '"': result += "&quot;"; break;
      default: result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

std::string shorten(const std::string& text, size_t most) { return text.size() <= most ? text : text.substr(0, most - 2) + ".."; }

struct Box {
  std::string title, detail, colour;
  int row = 0, column = 0;
  int x() const { return kMargin + column * (kBoxWidth + kGapX); }
  int y() const { return kMargin + row * (kBoxHeight + kGapY); }
};

}  // namespace

std::string draw_svg(const Network& network) {
  const auto order = network.in_order();
  if (!order.ok()) return "<svg xmlns=\"http://www.w3.org/2000/svg\"><!-- " + escape(order.error().message) + " --></svg>\n";
  std::vector<Box> boxes;
  std::unordered_map<const Tensor*, size_t> source;
  std::vector<std::pair<size_t, size_t>> edges;
  const auto add = [&](Box box) {
    boxes.push_back(std::move(box));
    return boxes.size() - 1;
  };
  for (const Tensor* input : network.inputs()) source[input] = add({shorten(input->name, 26), input->type.text(), "#dcefdc"});
  for (const Layer* layer : *order) {
    const std::string type = layer->outputs().empty() ? "" : layer->output()->type.text();
    const size_t index = add({shorten(std::string(layer->op().name()), 26), shorten(type, 32), "#e6ecf7"});
    for (const Tensor* input : layer->inputs()) {
      const auto found = source.find(input);
      if (found == source.end()) continue;
      edges.emplace_back(found->second, index);
      boxes[index].row = std::max(boxes[index].row, boxes[found->second].row + 1);
    }
    for (const Tensor* output : layer->outputs()) source[output] = index;
  }
  for (const Tensor* output : network.outputs()) {
    const size_t index = add({shorten(output->name, 26), shorten(output->type.text(), 32), "#f7e6dc"});
    const auto found = source.find(output);
    if (found == source.end()) continue;
    edges.emplace_back(found->second, index);
    boxes[index].row = boxes[found->second].row + 1;
  }
  std::unordered_map<int, int> used;
  int rows = 0, columns = 0;
  for (Box& box : boxes) {
    box.column = used[box.row]++;
    rows = std::max(rows, box.row + 1);
    columns = std::max(columns, box.column + 1);
  }
  const int width = 2 * kMargin + columns * (kBoxWidth + kGapX) - kGapX, height = 2 * kMargin + rows * (kBoxHeight + kGapY) - kGapY;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(width) + "\" height=\"" + std::to_string(height) +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (const auto& [from, to] : edges) {
    const int x1 = boxes[from].x() + kBoxWidth / 2, y1 = boxes[from].y() + kBoxHeight, x2 = boxes[to].x() + kBoxWidth / 2,
              y2 = boxes[to].y();
    const int bend = (y2 - y1) / 2;
    svg += "<path d=\"M" + std::to_string(x1) + " " + std::to_string(y1) + " C" + std::to_string(x1) + " " + std::to_string(y1 + bend) +
           " " + std::to_string(x2) + " " + std::to_string(y2 - bend) + " " + std::to_string(x2) + " " + std::to_string(y2) +
           "\" fill=\"none\" stroke=\"#888\"/>\n";
  }
  for (const Box& box : boxes) {
    const std::string x = std::to_string(box.x()), y = std::to_string(box.y()), middle = std::to_string(box.x() + kBoxWidth / 2);
    svg += "<rect x=\"" + x + "\" y=\"" + y + "\" width=\"" + std::to_string(kBoxWidth) + "\" height=\"" + std::to_string(kBoxHeight) +
           "\" rx=\"5\" fill=\"" + box.colour + "\" stroke=\"#555\"/>\n<text x=\"" + middle + "\" y=\"" + std::to_string(box.y() + 18) +
           "\" text-anchor=\"middle\" font-weight=\"bold\">" + escape(box.title) + "</text>\n<text x=\"" + middle + "\" y=\"" +
           std::to_string(box.y() + 35) + "\" text-anchor=\"middle\" fill=\"#555\">" + escape(box.detail) + "</text>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace ingot
