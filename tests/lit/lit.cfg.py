"""How lit runs the tests of the IR: which files are tests, and which tools their RUN lines may name.

Tests may use %s, %S, %t and %T as everywhere in LLVM, and %models for the folder of the model files.
"""

import os

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "Espalier"
config.test_format = lit.formats.ShTest(execute_external=False)
config.test_source_root = os.path.dirname(__file__)
config.suffixes = [".mlir", ".toml", ".test"]
config.excludes = ["Inputs"]

config.substitutions.append(("%models", os.path.join(config.espalier_source_dir, "models")))

# A tool that is missing is an error before any test runs, never a test that finds another one on the PATH.
llvm_config.add_tool_substitutions(
    [
        ToolSubst("espalier", unresolved="fatal"),
        ToolSubst("espalier-opt", unresolved="fatal"),
        ToolSubst("FileCheck", unresolved="fatal"),
        ToolSubst("not", unresolved="fatal"),
    ],
    [config.espalier_tools_dir, config.llvm_tools_dir],
)
