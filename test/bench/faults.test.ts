import { describe, expect, it } from "vitest";
import { burstFigures, bursts, type Coming } from "../../bench/faults/bursts.ts";
import { killCase } from "../../bench/faults/cases/kills.ts";
import { overloadCase } from "../../bench/faults/cases/overload.ts";
import { countsOf, type Outcome, whysInWords } from "../../bench/faults/counts.ts";
import { type Expected, type Judgement, judge } from "../../bench/faults/judge.ts";
import { isAnotherAnswer } from "../../bench/faults/marksman.ts";
import { Texts } from "../../bench/faults/texts.ts";
import { verdictLine } from "../../bench/kit/verdict.ts";

const HELLO: Expected = { text: "hello", finish: "stop", tokens: 6 };
const reply = (body: string, status = 200, broken: string | null = null) => ({ status, body, broken });

const plain = (content: string, finish = "stop", tokens = 6) =>
  reply(
    JSON.stringify({
      choices: [{ message: { role: "assistant", content }, finish_reason: finish }],
      usage: { completion_tokens: tokens },
    }),
  );

const event = (data: unknown) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
const chunk = (delta: object, more: object = {}, id = "a") =>
  event({ id, choices: [{ delta, finish_reason: null }], ...more });
const role = chunk({ role: "assistant", content: null });
const finish = event({ id: "a", choices: [{ delta: {}, finish_reason: "stop" }] });
const usage = (tokens = 6) => event({ id: "a", choices: [], usage: { completion_tokens: tokens } });
const done = event("[DONE]");
const words = (...pieces: string[]) => pieces.map((content) => chunk({ content })).join("");

const ofStream = (...events: string[]): Judgement => judge(reply(events.join("")), HELLO, true);
const why = (judgement: Judgement) => (judgement.kind === "failed" ? judgement.why : judgement.kind);

describe("a plain answer", () => {
  const of = (answer: ReturnType<typeof plain>) => why(judge(answer, HELLO, false));

  it("counts where text, end and usage are exact", () => {
    expect(of(plain("hello"))).toBe("exact");
    expect(of(plain("hellohello"))).toBe("text repeated");
    expect(of(plain("hel"))).toBe("text missing at the end");
    expect(of(plain("hexlo"))).toBe("text lost or changed");
    expect(of(plain("hello", "length"))).toBe("finish_reason length");
    expect(of(plain("hello", "stop", 5))).toBe("wrong usage");
  });

  it("is refused where a status says so, and failed where nothing came", () => {
    expect(judge(reply("{}", 429), HELLO, false)).toEqual({ kind: "refused", status: 429 });
    expect(of(reply("", 0, "other side closed"))).toBe("no answer: other side closed");
    expect(of(reply('{"choi', 200, "terminated"))).toBe("cut");
  });
});

describe("a stream", () => {
  it("counts where nothing is repeated, lost or twice", () => {
    expect(ofStream(role, words("hel", "lo"), finish, usage(), done)).toEqual({ kind: "exact" });
    expect(why(ofStream(role, words("hel", "hello"), finish, usage(), done))).toBe("text repeated");
    expect(why(ofStream(role, words("hel", "o"), finish, usage(), done))).toBe("text lost or changed");
    expect(why(ofStream(role, words("hel"), role, words("lo"), finish, usage(), done))).toBe(
      "the role came twice or never",
    );
    expect(why(ofStream(role, words("hel"), chunk({ content: "lo" }, {}, "b"), finish, usage(), done))).toBe(
      "the id changed",
    );
    expect(why(ofStream(role, words("hello"), finish, finish, usage(), done))).toBe("finish_reason stop,stop");
    expect(why(ofStream(role, words("hello"), finish, usage(3), done))).toBe("wrong usage");
    expect(why(ofStream(role, words("hello"), finish, usage(3), usage(3), done))).toBe("wrong usage");
  });

  it("is cut without [DONE], broken inside an event, or ended by an error event", () => {
    expect(why(ofStream(role, words("hel")))).toBe("cut");
    expect(why(judge(reply(`${role}data: {"id`, 200, "terminated"), HELLO, true))).toBe("cut");
    expect(why(ofStream(role, `data: {"id`, words("hello"), finish, usage(), done))).toBe("an event that is no JSON");
    expect(why(ofStream(role, words("hel"), event({ error: { code: "GONE" } })))).toBe("error event GONE");
  });
});

describe("counts and verdicts", () => {
  const outcome = (judgement: Judgement, streamed = false): Outcome => ({
    judgement,
    streamed,
    longestWait: 1,
    total: 1,
    retryAfter: null,
    endedAt: 0,
  });
  const exact = outcome({ kind: "exact" });

  it("counts a refusal as a failure, and says the most frequent reason first", () => {
    const refused = outcome({ kind: "refused", status: 502 });
    const cut = outcome({ kind: "failed", why: "cut" }, true);
    const outcomes = [exact, refused, cut, cut];
    expect(countsOf(outcomes, false)).toEqual({ asked: 2, failed: 1, why: { "status 502": 1 } });
    expect(whysInWords(countsOf(outcomes, false), countsOf(outcomes, true))).toBe("2 cut, 1 status 502");
    expect(whysInWords(countsOf([exact], false))).toBe("-");
  });

  it("misses where anything failed, and where nothing was asked at all", () => {
    const { verdicts } = killCase("kill", "SIGKILL", 1);
    const of = (plainFailed: number, streamsAsked: number) =>
      verdicts({
        kills: 1,
        plain: { asked: 9, failed: plainFailed, why: {} },
        streams: { asked: streamsAsked, failed: 0, why: {} },
      }).map(verdictLine);
    expect(of(0, 9)).toEqual(["reached: no plain request fails: 0 of 9", "reached: no stream fails: 0 of 9"]);
    expect(of(1, 0)).toEqual(["MISSED: no plain request fails: 1 of 9", "MISSED: no stream fails: 0 of 0"]);
  });

  it("wants 95% of capacity under overload, and refusals at once", () => {
    const of = (goodput: number, refusals: number[]) =>
      overloadCase.verdicts({ capacity: 10, goodput, refusals, totals: [], failed: 0 }).map(({ reached }) => reached);
    expect(of(9.5, [1, 50])).toEqual([true, true, true]);
    expect(of(9.4, [])).toEqual([false, false, true]);
    expect(of(9.5, [1, 80])).toEqual([true, false, true]);
  });
});

it("makes the same texts at each run, none twice", () => {
  const some = (texts: Texts) => Array.from({ length: 50 }, () => texts.next(60));
  const first = some(new Texts());
  expect(some(new Texts())).toEqual(first);
  expect(new Set(first).size).toBe(50);
  for (const text of first) expect(text).toMatch(/^(?=.{60,68}$)[a-z]{3,8}( [a-z]{3,8})*$/);
});

describe("bursts", () => {
  const plan = { crowds: 6, slots: 8, answerMs: 1_000 };

  it("brings three quarters of what the workers can do, in crowds, half of it with deadlines", () => {
    const arrivals = bursts(new Texts(), plan);
    const gaps = arrivals.map(({ at }, index) => at - (arrivals[index - 1]?.at ?? 0)).filter((gap) => gap > 900);
    expect(gaps).toHaveLength(5);
    const lastCrowd = gaps.reduce((sum, gap) => sum + gap, 0);
    const before = arrivals.filter(({ at }) => at < lastCrowd - 500).length;
    expect((before / 8) * 1_000).toBeCloseTo(0.75 * lastCrowd, -3);
    const deadlines = arrivals.flatMap(({ deadline }) => deadline ?? []);
    expect(Math.abs(deadlines.length - arrivals.length / 2)).toBeLessThanOrEqual(3);
    for (const deadline of deadlines) expect(deadline).toSatisfy((ms: number) => ms >= 500 && ms < 4_000);
  });

  it("tells who was refused at once from who was let in and ran out of time", () => {
    const coming: Coming = { deadline: null, isReturn: false, ending: "answered", firstByte: 100, total: 900 };
    const refusedAtOnce: Coming = { ...coming, deadline: 400, ending: "refused", firstByte: 5, total: 5 };
    const refusedLate: Coming = { ...refusedAtOnce, isReturn: true, firstByte: 401, total: 401 };
    const begunLate: Coming = { ...coming, deadline: 90 };
    const inTime: Coming = { ...coming, deadline: 100, isReturn: true };
    expect(burstFigures([coming, refusedAtOnce, refusedLate, begunLate, inTime])).toEqual({
      comings: 5,
      refused: 2,
      failed: 0,
      returns: 2,
      admitted: 2,
      refusals: [5],
      late: 1,
      withDeadline: 3,
      inTime: 1,
    });
  });
});

it("takes a worker to be at the same answer until one is over or it is idle", () => {
  const since = { requests: 1, steps: 100, answered: 800 };
  expect(isAnotherAnswer(since, { ...since, steps: 9_000 })).toBe(false);
  expect(isAnotherAnswer(since, { ...since, answered: 1_600 })).toBe(true);
  expect(isAnotherAnswer(since, { ...since, requests: 0 })).toBe(true);
});
