//===- NetworkMaps.cpp - Feature maps on the tree -------------------------===//

#include "compiler/proof/NetworkMaps.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace espalier::proof {

NetworkMaps::NetworkMaps(func::FuncOp function, const Patches &patches, Normalizer &normalizer)
    : Reader(function, normalizer), patches(patches) {
  for (const std::vector<int64_t> &patch : patches)
    ranks.push_back(llvm::product_of(patch));
}

int64_t NetworkMaps::channels(Value map) { return cast<RankedTensorType>(map.getType()).getDimSize(1); }

Map NetworkMaps::get(Value value) {
  if (auto found = maps.find(value); found != maps.end())
    return found->second;
  if (argumentNumber(value) == 0 && cast<RankedTensorType>(value.getType()).getRank() >= 3 && onLeaves(value, 2))
    return {terms().evidence(Channel::Soft, {0}, ranks, channels(value))};
  return {terms().refused("a value that is no map of the leaves")};
}

void NetworkMaps::set(Value value, TermRef term, bool grouped) { maps[value] = {normalizer.normalize(term), grouped}; }

TermRef NetworkMaps::refusedOperand(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto found = maps.find(operand); found != maps.end() && found->second.term->kind == Kind::Refused)
      return found->second.term;
  return nullptr;
}

void NetworkMaps::refuseAs(Operation *op, TermRef reason) {
  for (Value result : op->getResults())
    maps[result] = {reason};
}

void NetworkMaps::refuse(Operation *op, const Twine &reason) {
  refuseAs(op, terms().refused((op->getName().getStringRef() + " " + reason).str()));
}

bool NetworkMaps::expect(Operation *op, bool condition, const Twine &reason) {
  if (!condition)
    refuse(op, reason);
  return condition;
}

Map NetworkMaps::operand(Operation *op, Value value, Sort sort, std::optional<bool> grouped) {
  Map map = get(value);
  if (map.term->kind == Kind::Refused) {
    refuseAs(op, map.term);
    return {nullptr};
  }
  static constexpr StringRef names[] = {"messages", "logarithms of messages", "a shift", "an answer"};
  Sort found = sortOf(map.term);
  if (!expect(op, found == sort,
              "expects " + names[static_cast<int>(sort)] + ", got " + names[static_cast<int>(found)]))
    return {nullptr};
  if (grouped && !expect(op, *grouped == map.grouped,
                         *grouped ? "expects a channel group per child rank"
                                  : "expects one feature vector per position, got a channel group per child rank"))
    return {nullptr};
  return map;
}

static std::string text(ArrayRef<int64_t> patch) {
  return "[" + llvm::join(llvm::map_range(patch, [](int64_t extent) { return std::to_string(extent); }), ", ") + "]";
}

bool NetworkMaps::isPatch(Operation *op, ArrayRef<int64_t> patch, int64_t level) {
  if (!expect(op, level >= 1, "expects a level below the root"))
    return false;
  ArrayRef<int64_t> expected(patches[level - 1]);
  return expect(op, patch == expected,
                "expects the patch " + text(expected) + " of level " + Twine(level) + ", got " + text(patch));
}

bool NetworkMaps::isRanks(Operation *op, uint64_t groups, int64_t level) {
  if (!expect(op, level >= 1 && level <= depth(), "expects children"))
    return false;
  return expect(op, static_cast<int64_t>(groups) == ranks[level - 1],
                "expects " + Twine(ranks[level - 1]) + " groups, the child ranks of level " + Twine(level) + ", got " +
                    Twine(groups));
}

bool NetworkMaps::onLeaves(Value value, int64_t skipped) {
  SmallVector<int64_t> shape(patches.front().size(), 1);
  for (const std::vector<int64_t> &patch : patches)
    for (auto [extent, factor] : llvm::zip(shape, patch))
      extent *= factor;
  return cast<RankedTensorType>(value.getType()).getShape().drop_front(skipped) == ArrayRef(shape);
}

const Table *NetworkMaps::weightsOf(Operation *op, ElementsAttr attr) {
  const Table *result = weights(attr);
  expect(op, result, "expects finite weights >= 0");
  return result;
}

void NetworkMaps::noteType(Value map) {
  if (precision.empty())
    precision = getElementTypeOrSelf(map.getType()).isF64() ? "f64" : "f32";
}

} // namespace espalier::proof
