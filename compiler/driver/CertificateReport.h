//===- CertificateReport.h - What was proved, for people and programs -*- C++ -*-===//
//
// The certificates of networks of ReLUs as tables, as JSON, and in a sentence.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_CERTIFICATEREPORT_H
#define ESPALIER_COMPILER_DRIVER_CERTIFICATEREPORT_H

#include "compiler/conversion/support/Certificate.h"

#include "llvm/Support/JSON.h"

namespace espalier {

/// Prints the table of one network to `out`; nothing where it carries no certificate.
void printCertificate(llvm::raw_ostream &out, llvm::StringRef title, mlir::func::FuncOp network);

llvm::json::Object jsonOf(const ReluCertificate &certificate, const NetworkSpec &network);

/// Prints a line to `out` for every network of the module that carries a certificate.
void printSummary(llvm::raw_ostream &out, mlir::ModuleOp module);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_CERTIFICATEREPORT_H
