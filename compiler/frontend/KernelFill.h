//===- KernelFill.h - From a kernel's source to its entries -------*- C++ -*-===//
//
// Fills the kernel of one level from its source; the tree is known to be valid by then.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_KERNELFILL_H
#define ESPALIER_COMPILER_FRONTEND_KERNELFILL_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/KernelSpec.h"
#include "compiler/frontend/Tensor.h"
#include "compiler/frontend/Tree.h"

#include <set>

namespace espalier {

class KernelFill {
public:
  KernelFill(Reader &reader, const TreeInfo &tree, Model &model) : reader(reader), tree(tree), model(model) {}

  /// Fills the kernel of level l, whose sharing has been set. A source that serves several levels reports an error
  /// for the first of them only.
  void fill(int64_t l, const KernelSpec &spec);

private:
  bool fillPotts(int64_t l, const KernelSource &source);
  bool fillRandom(int64_t l, const KernelSource &source);
  bool fillArrays(int64_t l, const KernelSpec &spec);
  bool reportNotSquare(int64_t l, const KernelSource &source);
  TensorSpec tensorSpec(int64_t l, const KernelSpec &spec) const;
  Axis statesAxis(std::string name, int64_t l) const;

  Reader &reader;
  const TreeInfo &tree;
  Model &model;
  std::set<const toml::node *> reported;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_KERNELFILL_H
