//===- Reader.cpp - What both readers need --------------------------------===//

#include "compiler/proof/Reader.h"

#include "dialects/support/Tables.h"

using namespace mlir;

namespace espalier::proof {

int64_t Reader::argumentNumber(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument ? static_cast<int64_t>(argument.getArgNumber()) : -1;
}

std::vector<TermRef> Reader::answers(llvm::function_ref<TermRef(Value)> termOf) {
  std::vector<TermRef> result;
  for (Value value : function.getBody().front().getTerminator()->getOperands())
    result.push_back(termOf(value));
  return result;
}

const Table *Reader::table(ElementsAttr attr) {
  const Table *&known = tables[attr];
  if (!known)
    known = terms().table(tableShape(attr).vec(), *readTable(attr));
  return known;
}

const Table *Reader::weights(ElementsAttr attr) {
  const Table *result = table(attr);
  return holdsWeights(*result) ? result : nullptr;
}

} // namespace espalier::proof
