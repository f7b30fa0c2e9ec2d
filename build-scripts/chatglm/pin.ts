import type { SourcePin } from "../source/pin.ts";

/**
 * The published source distribution is the one form of the release that can be had without its git host. It holds the
 * third parties in place, which upstream's commit only links to, leaves out folders that no build reads, and adds files
 * of its own: so what the build reads is hashed, and that is the same in a checkout with its submodules.
 */
export const chatglmPin: SourcePin = {
  engine: "chatglm",
  name: "chatglm.cpp",
  version: "0.4.2",
  commit: null,
  tree: "654ae7b278e84dea92a738199ef67c763d1a8907",
  reads: [
    ...["CMakeLists.txt", "chatglm.cpp", "chatglm.h"],
    ...partsOf("ggml", "CMakeLists.txt ggml.pc.in include src"),
    ...partsOf(
      "sentencepiece",
      "CMakeLists.txt LICENSE README.md VERSION.txt config.h.in sentencepiece.pc.in src third_party",
    ),
    ...partsOf("abseil-cpp", "CMakeLists.txt CMake absl"),
    ...partsOf("re2", "CMakeLists.txt re2.pc.in re2Config.cmake.in re2 util"),
    ...partsOf("stb", "stb_image.h stb_image_resize2.h"),
  ],
  sdist: {
    package: "chatglm-cpp",
    version: "0.4.2",
    sha256: "8c70215eafdcd60895d1b72db517f584ba2db21d5a5f09a2396ba49bd65104d0",
  },
  submodule: "chatglm-cpp",
};

function partsOf(party: string, names: string): string[] {
  return names.split(" ").map((name) => `third_party/${party}/${name}`);
}
