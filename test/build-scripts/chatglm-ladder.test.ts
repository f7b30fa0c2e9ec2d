import { describe, expect, it } from "vitest";
import { chatglmLadder } from "../../build-scripts/chatglm/ladder.ts";
import type { LadderInput } from "../../build-scripts/ladder.ts";

const AVX2 = ["avx", "avx2", "bmi2", "f16c", "fma", "sse4_2"];
const SAPPHIRE = [...AVX2, "amx_bf16", "amx_int8", "amx_tile", "avx512f", "avx512_fp16"];
const NEON_HALF = ["asimd", "asimddp", "asimdhp", "fp", "fphp"];

const rungs = (input: Partial<LadderInput>) =>
  chatglmLadder.rungs({ arch: "x64", features: [], arithmetic: "safe", ...input });

describe("chatglm's ladder", () => {
  it("takes this very CPU but AMX and half precision, then what upstream chooses", () => {
    const [native, upstream, ...more] = rungs({ features: SAPPHIRE });
    expect(native).toMatchObject({ name: "native", gaveUp: [] });
    expect(native?.flags).toEqual([
      ...["-march=native", "-mno-avx512fp16", "-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16"],
    ]);
    expect(upstream).toMatchObject({ name: "upstream", flags: [], gaveUp: [expect.stringContaining("slower")] });
    expect(more).toEqual([]);
  });

  it("gives up nothing on a CPU that has nothing after AVX2", () => {
    expect(rungs({ features: AVX2 }).map(({ gaveUp }) => gaveUp)).toEqual([[], []]);
  });

  it("leaves out flags, and a rung, that the compiler does not know", () => {
    expect(rungs({ features: SAPPHIRE, unknownFlags: ["-mno-amx-tile"] })[0]?.flags).not.toContain("-mno-amx-tile");
    expect(rungs({ unknownFlags: ["-march=native"] }).map(({ name }) => name)).toEqual(["upstream"]);
  });

  it("hides half-precision arithmetic on ARM in every rung, unless fast is asked for", () => {
    const safe = rungs({ arch: "arm64", features: NEON_HALF });
    expect(safe.map(({ headers }) => headers)).toEqual([["single-precision.h"], ["single-precision.h"]]);
    expect(safe[0]?.flags).toEqual(["-mcpu=native"]);
    const fast = rungs({ arch: "arm64", features: NEON_HALF, arithmetic: "fast" });
    expect(fast.map(({ headers, gaveUp }) => [headers.length, /65,504/.test(gaveUp.join())])).toEqual([
      ...[
        [0, true],
        [0, true],
      ],
    ]);
  });

  it("knows no fast arithmetic on x86: upstream's code has none", () => {
    expect(chatglmLadder.arithmetic("fast", "x64", SAPPHIRE)).toBe("safe");
    expect(chatglmLadder.arithmetic("fast", "arm64", NEON_HALF)).toBe("fast");
    expect(chatglmLadder.arithmetic("safe", "arm64", NEON_HALF)).toBe("safe");
  });
});
