import { describe, expect, it } from "vitest";
import { diagnose } from "../../build-scripts/diagnosis.ts";

describe("diagnosis of a failed compile", () => {
  it("finds the first compiler error among notes and warnings", () => {
    const output = `[17/223] Building CXX object src/CMakeFiles/llama.dir/llama-vocab.cpp.o
FAILED: src/CMakeFiles/llama.dir/llama-vocab.cpp.o
/usr/bin/c++ -DGGML_USE_CPU -O3 -DNDEBUG -Werror -o llama-vocab.cpp.o -c llama-vocab.cpp
llama-vocab.cpp: In function 'int main()':
llama-vocab.cpp:12:7: warning: unused variable 'error' [-Wunused-variable]
llama-vocab.cpp:31:5: error: 'undeclared' was not declared in this scope
   31 |     undeclared(1);
llama-vocab.cpp:40:1: error: expected '}' at end of input
ninja: build stopped: subcommand failed.`;
    expect(diagnose(output)).toMatchObject({
      cause: "error",
      firstError: "llama-vocab.cpp:31:5: error: 'undeclared' was not declared in this scope",
    });
  });

  it.each([
    ["g++: fatal error: Killed signal terminated program cc1plus", "out-of-memory", /--jobs 1/],
    ["clang: error: unable to execute command: Killed\nclang++: error: Killed", "out-of-memory", /--jobs 1/],
    ["fatal error: error writing to /tmp/ccX.s: No space left on device", "disk-full", /disk/],
    [
      "/tmp/ccIEHNJK.s: Assembler messages:\n/tmp/ccIEHNJK.s:8: Error: no such instruction: `vpdpbusd'",
      "instruction-set",
      /newer/,
    ],
    ["cc1: error: unrecognized command-line option '-mamx-tile'", "instruction-set", /newer/],
    ["during RTL pass: expand\nops.cpp:1:1: internal compiler error: in expand_insn", "instruction-set", /newer/],
    [
      "a.h:1:10: fatal error: charconv: No such file or directory\ncompilation terminated.",
      "compiler-too-old",
      /GCC 9/,
    ],
    ["a.h:1:10: fatal error: 'filesystem' file not found", "compiler-too-old", /GCC 9/],
    ["a.h:1:10: fatal error: linux/limits.h: No such file or directory", "error", /log/],
    [
      'CMake Error in CMakeLists.txt:\n  Target "ggml" requires the language dialect "CXX17" (with compiler extensions)\n  but CMake does not know the compile flags: cxx_std_17',
      "compiler-too-old",
      /GCC 9/,
    ],
  ])("knows %j", (output, cause, remedy) => {
    const found = diagnose(output);
    expect(found.cause).toBe(cause);
    expect(found.remedy).toMatch(remedy);
  });

  it("takes a killed compiler for the cause, though others failed after it", () => {
    const output = `a.cpp:1:1: error: something else
${"note: more\n".repeat(50)}c++: fatal error: Killed signal terminated program cc1plus`;
    expect(diagnose(output).cause).toBe("out-of-memory");
  });

  it("joins CMake's two lines", () => {
    const output = `-- Detecting CXX compile features - done
CMake Error at ggml/CMakeLists.txt:42 (message):
  GGML_FOO is not supported

-- Configuring incomplete, errors occurred!`;
    expect(diagnose(output)).toMatchObject({
      cause: "cmake",
      firstError: "CMake Error at ggml/CMakeLists.txt:42 (message): GGML_FOO is not supported",
    });
  });

  it("falls back to the last line", () => {
    expect(diagnose("configuring\nthe end\n\n").firstError).toBe("the end");
    expect(diagnose("").firstError).toBe("no output");
  });
});
