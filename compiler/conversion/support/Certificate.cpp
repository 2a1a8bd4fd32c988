//===- Certificate.cpp - Certificates as attributes -----------------------===//

#include "compiler/conversion/support/Certificate.h"

#include "mlir/IR/Builders.h"

#include <utility>

using namespace mlir;

namespace espalier {
namespace {

using Block = ReluBlockCertificate;

constexpr std::pair<const char *, double ReluCertificate::*> kBounds[] = {
    {"classify", &ReluCertificate::classify},
    {"denoise", &ReluCertificate::denoise},
    {"marginals", &ReluCertificate::marginals},
    {"total", &ReluCertificate::total},
    {"paper_width", &ReluCertificate::paperWidth}};
constexpr std::pair<const char *, int64_t ReluCertificate::*> kSizes[] = {{"width", &ReluCertificate::width},
                                                                          {"units", &ReluCertificate::units},
                                                                          {"parameters", &ReluCertificate::parameters}};
constexpr std::pair<const char *, double Block::*> kBlockBounds[] = {
    {"span", &Block::span},         {"sum_low", &Block::sumLow},          {"sum_high", &Block::sumHigh},
    {"entering", &Block::entering}, {"contraction", &Block::contraction}, {"delta", &Block::delta},
    {"rounding", &Block::rounding}, {"accumulated", &Block::accumulated}};
constexpr std::pair<const char *, int64_t Block::*> kBlockSizes[] = {{"exp_pieces", &Block::expPieces},
                                                                     {"log_pieces", &Block::logPieces}};

template <typename Record, typename Bounds, typename Sizes>
SmallVector<NamedAttribute> fieldsOf(Builder &builder, const Record &record, const Bounds &bounds, const Sizes &sizes) {
  SmallVector<NamedAttribute> fields;
  for (auto [name, member] : bounds)
    fields.push_back(builder.getNamedAttr(name, builder.getF64FloatAttr(record.*member)));
  for (auto [name, member] : sizes)
    fields.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(record.*member)));
  return fields;
}

Attribute blocksOf(Builder &builder, ArrayRef<Block> blocks) {
  SmallVector<Attribute> entries;
  for (const Block &block : blocks)
    entries.push_back(builder.getDictionaryAttr(fieldsOf(builder, block, kBlockBounds, kBlockSizes)));
  return builder.getArrayAttr(entries);
}

template <typename Record, typename Bounds, typename Sizes>
bool readFields(DictionaryAttr from, Record &record, const Bounds &bounds, const Sizes &sizes) {
  for (auto [name, member] : bounds) {
    auto value = from.getAs<FloatAttr>(name);
    if (!value)
      return false;
    record.*member = value.getValueAsDouble();
  }
  for (auto [name, member] : sizes) {
    auto value = from.getAs<IntegerAttr>(name);
    if (!value)
      return false;
    record.*member = value.getInt();
  }
  return true;
}

bool readBlocks(Attribute from, std::vector<Block> &blocks) {
  auto entries = dyn_cast_or_null<ArrayAttr>(from);
  if (!entries)
    return false;
  for (Attribute entry : entries) {
    auto fields = dyn_cast<DictionaryAttr>(entry);
    if (!fields || !readFields(fields, blocks.emplace_back(), kBlockBounds, kBlockSizes))
      return false;
  }
  return true;
}

} // namespace

DictionaryAttr toAttribute(const ReluCertificate &certificate, MLIRContext *context) {
  Builder builder(context);
  SmallVector<NamedAttribute> fields = fieldsOf(builder, certificate, kBounds, kSizes);
  fields.push_back(builder.getNamedAttr("up", blocksOf(builder, certificate.up)));
  fields.push_back(builder.getNamedAttr("down", blocksOf(builder, certificate.down)));
  return builder.getDictionaryAttr(fields);
}

std::optional<ReluCertificate> readCertificate(func::FuncOp network) {
  auto fields = network->getAttrOfType<DictionaryAttr>(kCertificateAttr);
  ReluCertificate certificate;
  if (!fields || !readFields(fields, certificate, kBounds, kSizes) || !readBlocks(fields.get("up"), certificate.up) ||
      !readBlocks(fields.get("down"), certificate.down))
    return std::nullopt;
  return certificate;
}

} // namespace espalier
