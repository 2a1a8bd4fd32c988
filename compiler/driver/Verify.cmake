# The verifier: compiled models against the oracle. A library of its own, so that tests can hand it wrong programs.
set(verify ${CMAKE_CURRENT_LIST_DIR})
espalier_library(espalier_verify
  ${verify}/Verify.cpp
  ${verify}/VerifyCompare.cpp
  ${verify}/VerifyReport.cpp
  ${verify}/VerifySearch.cpp
  LINK espalier_reference espalier_proof_terms espalier_runtime nlohmann_json::nlohmann_json TBB::tbb)
