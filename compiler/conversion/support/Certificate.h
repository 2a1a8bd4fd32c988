//===- Certificate.h - Certificates as attributes ----------------*- C++ -*-===//
//
// A network of ReLUs carries what was proved of it, so that `describe` shows it and `verify` holds it against
// measurements, whether the network was drawn a moment ago or read from a file.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_CERTIFICATE_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_CERTIFICATE_H

#include "compiler/analysis/relu/ReluNetwork.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace espalier {

/// The attribute of a network that was certified.
inline constexpr llvm::StringLiteral kCertificateAttr = "net.certificate";

mlir::DictionaryAttr toAttribute(const ReluCertificate &certificate, mlir::MLIRContext *context);

/// The certificate that a network carries; nothing where it has none, or one that is not complete.
std::optional<ReluCertificate> readCertificate(mlir::func::FuncOp network);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_CERTIFICATE_H
