import { Client, type Dispatcher } from "undici";
import { CorralError, ERROR_CODES, type ErrorCode } from "../errors.ts";
import type { LogLine, LogOptions } from "../pool-types.ts";
import type { ReloadReport, Successor } from "./administered.ts";
import type { InstanceStatus } from "./status.ts";

/** A model's restart may take as long as the longest answer that runs in it. */
const NO_LIMIT = 0;

/**
 * Speaks to a running instance. What fails there throws the same CorralError here; besides, each call throws
 * CORRAL_NOT_RUNNING where nothing listens, or where the instance ends before it has answered.
 */
export class AdminClient {
  readonly path: string;

  /** @param path of the admin socket: see `findAdmin` */
  constructor(path: string) {
    this.path = path;
  }

  async status(): Promise<InstanceStatus> {
    return (await this.#ask("GET", "/status")) as InstanceStatus;
  }

  async reload(): Promise<ReloadReport> {
    return (await this.#ask("POST", "/reload")) as ReloadReport;
  }

  async restart(model: string): Promise<void> {
    await this.#ask("POST", `/models/${encodeURIComponent(model)}/restart`);
  }

  async scale(model: string, workers: number | "auto"): Promise<void> {
    await this.#ask("POST", `/models/${encodeURIComponent(model)}/scale`, { workers });
  }

  async pardon(model: string): Promise<number> {
    const answer = await this.#ask("POST", `/models/${encodeURIComponent(model)}/pardon`);
    return (answer as { pardoned: number }).pardoned;
  }

  async upgrade(): Promise<Successor> {
    return (await this.#ask("POST", "/upgrade")) as Successor;
  }

  /** Leaving the loop closes the connection. */
  async *logs(model: string, { worker, lines, follow, signal }: LogOptions = {}): AsyncGenerator<LogLine> {
    const query = new URLSearchParams({
      ...(worker === undefined ? {} : { worker: `${worker}` }),
      ...(lines === undefined ? {} : { lines: `${lines}` }),
      ...(follow ? { follow: "1" } : {}),
    });
    const client = this.#connect();
    try {
      const path = `/models/${encodeURIComponent(model)}/logs?${query}`;
      const answer = await client.request({ method: "GET", path, ...(signal ? { signal } : {}) });
      if (answer.statusCode !== 200) throw errorOf(await answer.body.json());
      for await (const line of linesOf(answer.body)) yield JSON.parse(line) as LogLine;
    } catch (error) {
      if (!signal?.aborted) throw this.#explained(error);
    } finally {
      await client.destroy();
    }
  }

  async #ask(method: Dispatcher.HttpMethod, path: string, body?: unknown): Promise<unknown> {
    const client = this.#connect();
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await client.request({ method, path, ...sent });
      const value = await answer.body.json();
      if (answer.statusCode !== 200) throw errorOf(value);
      return value;
    } catch (error) {
      throw this.#explained(error);
    } finally {
      await client.destroy();
    }
  }

  #connect(): Client {
    return new Client("http://corral", { socketPath: this.path, headersTimeout: NO_LIMIT, bodyTimeout: NO_LIMIT });
  }

  #explained(cause: unknown): unknown {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof CorralError || code === undefined) return cause;
    const facts = { path: this.path, code };
    return new CorralError("CORRAL_NOT_RUNNING", `${this.#sentence(code)} [${code}]`, { cause, facts });
  }

  #sentence(code: string): string {
    switch (code) {
      case "ENOENT":
      case "ECONNREFUSED":
        return `No corral runs at ${this.path}: start it with \`corral serve\`.`;
      case "EACCES":
      case "EPERM":
        return `The corral at ${this.path} belongs to another user: ask as that user or as root.`;
      default:
        return `The corral at ${this.path} ended before it had answered: its log says why.`;
    }
  }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** As it was thrown in the instance. */
function errorOf(answer: unknown): CorralError {
  const { error } = answer as { error?: { code?: string; message?: string; facts?: Record<string, unknown> } };
  const { code = "", message = "The answer is not one of corral's admin socket.", facts = {} } = error ?? {};
  return new CorralError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : "CORRAL_INTERNAL", message, {
    facts,
  });
}
