import { describe, expect, it } from "vitest";
import { ECHO_CASES, rightAnswer } from "../../build-scripts/proof/texts.ts";

describe("the texts of the proof", () => {
  it("repeat no run of 14 bytes, where the echo model may lose its place", () => {
    for (const { name, messages } of ECHO_CASES) {
      const runs = messages.flatMap(({ content }) => {
        const bytes = Buffer.from(content);
        return Array.from({ length: bytes.length - 13 }, (_, at) => bytes.subarray(at, at + 14).toString("hex"));
      });
      expect(runs.length, name).toBeGreaterThan(20);
      expect(new Set(runs).size, name).toBe(runs.length);
    }
  });

  it("end with the user's message, which neither begins nor ends with a blank", () => {
    for (const echo of ECHO_CASES) {
      expect(echo.messages.at(-1)?.role).toBe("user");
      expect(rightAnswer(echo).trim()).toBe(rightAnswer(echo));
    }
  });

  it("cover what people write: other scripts, emoji, code, JSON, a chat of several turns", () => {
    const all = ECHO_CASES.map(rightAnswer).join("\n");
    for (const script of [/\p{Script=Han}/u, /\p{Script=Cyrillic}/u, /\p{Emoji_Presentation}/u, /\{"/, /\n\t/]) {
      expect(all).toMatch(script);
    }
    expect(Math.max(...ECHO_CASES.map(({ messages }) => messages.length))).toBeGreaterThanOrEqual(5);
  });
});
