/** What came back, as the client saw it. */
export interface Reply {
  /** 0 where there was none. */
  readonly status: number;
  readonly body: string;
  /** Why the connection broke or the client gave up; null where the answer came to its end. */
  readonly broken: string | null;
}

/** What an answer must be. */
export interface Expected {
  readonly text: string;
  readonly finish: "stop" | "length";
  /** As the engine counts them, the mark of the end included. */
  readonly tokens: number;
}

export type Judgement =
  | { readonly kind: "exact" }
  /** Not served, and told so before anything of an answer came. */
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "failed"; readonly why: string };

const EXACT: Judgement = { kind: "exact" };
const failed = (why: string): Judgement => ({ kind: "failed", why });

/** Only what is exact counts: the text, how it ended, and the usage. Pure. */
export function judge(reply: Reply, expected: Expected, streamed: boolean): Judgement {
  if (reply.status >= 400 && reply.broken === null) return { kind: "refused", status: reply.status };
  if (reply.broken !== null && reply.body === "") return failed(`no answer: ${reply.broken}`);
  return streamed ? judgeStream(reply, expected) : judgePlain(reply, expected);
}

interface Usage {
  readonly completion_tokens?: number;
}

function judgePlain({ body, broken }: Reply, { text, finish, tokens }: Expected): Judgement {
  if (broken !== null) return failed("cut");
  const answer = parsed(body) as {
    choices?: { message?: { content?: string }; finish_reason?: string }[];
    usage?: Usage;
  } | null;
  const choice = answer?.choices?.[0];
  const wrong = wrongText(choice?.message?.content ?? "", text);
  if (wrong !== null) return failed(wrong);
  if (choice?.finish_reason !== finish) return failed(`finish_reason ${choice?.finish_reason}`);
  return answer?.usage?.completion_tokens === tokens ? EXACT : failed("wrong usage");
}

interface Chunk {
  readonly id?: string;
  readonly error?: { readonly code?: string | number; readonly message?: string };
  readonly choices?: readonly {
    readonly delta?: { readonly role?: string; readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: Usage | null;
}

function judgeStream({ body, broken }: Reply, { text, finish, tokens }: Expected): Judgement {
  const events = body.split("\n\n").filter((event) => event !== "" && !event.startsWith(":"));
  const datas = events.map((event) => /^data: (.*)$/s.exec(event)?.[1] ?? "");
  const isDone = datas.at(-1) === "[DONE]";
  const chunks = (isDone ? datas.slice(0, -1) : datas).map((data) => parsed(data) as Chunk | null);
  const error = chunks.find((chunk) => chunk?.error !== undefined)?.error;
  if (error !== undefined) return failed(`error event ${error.code ?? error.message}`);
  if (broken !== null || !isDone) return failed("cut");
  if (chunks.includes(null)) return failed("an event that is no JSON");
  const choices = chunks.flatMap((chunk) => chunk?.choices ?? []);
  const wrong = wrongText(choices.map(({ delta }) => delta?.content ?? "").join(""), text);
  if (wrong !== null) return failed(wrong);
  if (choices.filter(({ delta }) => delta?.role !== undefined).length !== 1)
    return failed("the role came twice or never");
  if (new Set(chunks.map((chunk) => chunk?.id)).size !== 1) return failed("the id changed");
  const finishes = choices.flatMap(({ finish_reason }) => finish_reason ?? []);
  if (finishes.join() !== finish) return failed(`finish_reason ${finishes.join()}`);
  const usages = chunks.flatMap((chunk) => chunk?.usage ?? []);
  return usages.length === 1 && usages[0]?.completion_tokens === tokens ? EXACT : failed("wrong usage");
}

function wrongText(said: string, text: string): string | null {
  if (said === text) return null;
  if (text.startsWith(said)) return "text missing at the end";
  return said.length > text.length ? "text repeated" : "text lost or changed";
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
