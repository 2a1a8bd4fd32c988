#include "tests/unit/relu/Search.h"
#include "compiler/analysis/relu/PlainFormula.h"
#include "compiler/analysis/relu/Chords.h"
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
using namespace espalier;
using namespace espalier::test;

TEST_CASE("cap") {
  for (auto leaves : {ReluLeaves::Symbol, ReluLeaves::Any})
  for (bool denoise : {false, true})
  for (auto [S, L] : {std::pair(2,8), {4, 6}, {16,10}})
    for (double tol : {3e-1, 1e-1, 3e-2,1e-2, 1e-3}) {
      Model model = randomTree(7, regularTree(S, L, 2));
      ReluOptions o; o.tolerance = tol; o.leaves = leaves; o.precision = Precision::F64; o.denoise = denoise;
      ReluResult r = chooseReluNetwork(model, o);
      if (!r.network) { std::cout << S << " " << L << " " << tol << " " << r.error << std::endl; continue; }
      std::cout << int(leaves) << denoise << " " << S << "," << L << " tol " << tol << " D " << r.network->certificate.width << " units " << r.network->certificate.units << std::endl; } }
TEST_CASE("explore") {
  for (auto leaves : {ReluLeaves::Symbol, ReluLeaves::Any, ReluLeaves::Gaussian})
  for (bool denoise : {false, true})
  for (auto [S, L] : {std::pair(3, 3), {4, 4}, {8, 4}, {4, 6}, {16,10}})
    for (double tol : {1e-1, 1e-2, 1e-3, 1e-4}) {
      Model model = randomTree(7, regularTree(S, L, 2));
      ReluOptions o; o.tolerance = tol; o.leaves = leaves; o.precision = Precision::F64; o.denoise = denoise;
      auto t0 = std::chrono::steady_clock::now();
      ReluResult r = chooseReluNetwork(model, o);
      double sec = std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();
      if (!r.network) { std::cout << S << " " << L << " " << tol << " " << r.error << " " << sec << std::endl; continue; }
      auto &c = r.network->certificate;
      MeasuredErrors e; if (L < 7) e = climb(model, *r.network, o, NumberType::Double, L == 6 ? 200 : 400, 1);
      std::cout << int(leaves) << " S " << S << " L " << L << " tol " << tol << " total " << c.total << " D " << c.width << " units " << c.units
                << " paper " << c.paperWidth << " sec " << sec << " measured " << e.classify << " " << e.denoise << std::endl;
      if (tol == 1e-2 && L < 7 && S==4) for (auto *v : {&c.up, &c.down}) for (auto &b : *v)
        std::cout << "   span " << b.span << " x " << b.sumLow << ".." << b.sumHigh << " tau " << b.contraction << " n " << b.expPieces << " " << b.logPieces << " in " << b.entering
                  << " delta " << b.delta << " rnd " << b.rounding << " acc " << b.accumulated << std::endl;
    }
}
