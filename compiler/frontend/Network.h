//===- Network.h - The [network] table of a model file -----------*- C++ -*-===//

#ifndef ESPALIER_COMPILER_FRONTEND_NETWORK_H
#define ESPALIER_COMPILER_FRONTEND_NETWORK_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/Reader.h"

namespace espalier {

/// The keys of the table.
inline constexpr std::string_view networkKeys[] = {"activation", "tolerance", "z", "sigma", "lambda"};

/// Reads which network is asked for; defaults stay where the file says nothing.
void readNetwork(Reader &reader, const toml::table &file, Model &model);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_NETWORK_H
