# The few build rules of this project: a plain library, one that sees MLIR, and TableGen for dialects and passes.
# Targets are plain CMake targets (not add_mlir_library), so that exceptions work where our own code wants them.

add_library(espalier_options INTERFACE)
target_include_directories(espalier_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(espalier_options INTERFACE -Wall -Wextra $<$<BOOL:${ESPALIER_WERROR}>:-Werror>)
# The standard library's stable_sort calls what the standard library calls deprecated.
target_compile_options(espalier_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
# In unity builds GCC takes what a file includes for a header, which anonymous namespaces should not be in.
if(CMAKE_UNITY_BUILD)
  target_compile_options(espalier_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(ESPALIER_SANITIZE)
  target_compile_options(espalier_options INTERFACE -fsanitize=${ESPALIER_SANITIZE} -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer)
  # Packaged LLVM has no type information for what virtual functions are called on.
  target_compile_options(espalier_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=vptr>)
  # GCC loses track of initializations behind the checks that it inserts, and then warns of the standard library.
  target_compile_options(espalier_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(espalier_options INTERFACE -fsanitize=${ESPALIER_SANITIZE})
endif()

# MLIR's headers count as system headers: their warnings are not ours. The packaged LLVM has its assertions off.
add_library(espalier_mlir INTERFACE)
target_include_directories(espalier_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
# TableGen's output names parameters that it does not use, and is too long for the look at indentation.
target_compile_options(espalier_mlir INTERFACE -Wno-unused-parameter -Wno-misleading-indentation)
target_compile_definitions(espalier_mlir INTERFACE ${llvm_definitions})
target_link_libraries(espalier_mlir INTERFACE MLIR LLVM)

# What most files on MLIR include, parsed once: reading it takes longer than compiling what follows.
file(TOUCH ${PROJECT_BINARY_DIR}/precompiled.cpp)
add_library(espalier_mlir_headers OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
target_link_libraries(espalier_mlir_headers PRIVATE espalier_options espalier_mlir)
target_compile_options(espalier_mlir_headers PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
target_precompile_headers(espalier_mlir_headers PRIVATE
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/IR/ImplicitLocOpBuilder.h>
  <mlir/Pass/Pass.h>)

# espalier_library(NAME sources... [LINK libraries...])
function(espalier_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC espalier_options ${ARG_LINK})
endfunction()

# espalier_mlir_library(NAME sources... [LINK libraries...] [TABLEGEN targets...])
function(espalier_mlir_library name)
  cmake_parse_arguments(ARG "" "" "LINK;TABLEGEN" ${ARGN})
  espalier_library(${name} ${ARG_UNPARSED_ARGUMENTS} LINK espalier_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM espalier_mlir_headers)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  if(ARG_TABLEGEN)
    add_dependencies(${name} ${ARG_TABLEGEN})
  endif()
endfunction()

set_property(GLOBAL PROPERTY ESPALIER_DOC_TARGETS "")

# A Markdown page under docs/generated, part of the target espalier-doc.
function(espalier_doc td page)
  set(LLVM_TARGET_DEFINITIONS ${td})
  tablegen(MLIR ${page}.md ${ARGN} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  set(out ${PROJECT_BINARY_DIR}/docs/generated/${page}.md)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${page}.md ${out}
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${page}.md)
  add_custom_target(doc-${page} DEPENDS ${out})
  set_property(GLOBAL APPEND PROPERTY ESPALIER_DOC_TARGETS doc-${page})
endfunction()

# espalier_dialect(TD Name): Name = the dialect's mnemonic; declares types, enums, attributes and ops.
function(espalier_dialect td dialect)
  set(LLVM_TARGET_DEFINITIONS ${td}.td)
  mlir_tablegen(${td}.h.inc -gen-op-decls -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}.cpp.inc -gen-op-defs -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}Types.h.inc -gen-typedef-decls -typedefs-dialect=${dialect} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${dialect} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}Enums.h.inc -gen-enum-decls -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}Enums.cpp.inc -gen-enum-defs -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}Dialect.h.inc -gen-dialect-decls -dialect=${dialect} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  mlir_tablegen(${td}Dialect.cpp.inc -gen-dialect-defs -dialect=${dialect} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  add_public_tablegen_target(espalier_${dialect}_inc)
  espalier_doc(${td}.td ${dialect}-dialect -gen-dialect-doc -dialect=${dialect})
endfunction()

# espalier_passes(TD Name): a Passes.td with its registration.
function(espalier_passes td name)
  set(LLVM_TARGET_DEFINITIONS ${td}.td)
  mlir_tablegen(${td}.h.inc -gen-pass-decls -name ${name} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})
  add_public_tablegen_target(espalier_${name}_passes_inc)
  espalier_doc(${td}.td ${name}-passes -gen-pass-doc)
endfunction()
