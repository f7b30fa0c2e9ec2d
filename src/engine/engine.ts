import type { BuildEvent } from "../../build-scripts/build.ts";
import type { Endpoint } from "../endpoint.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineTraits } from "../plan/engine-choice.ts";
import type { Plan, WorkerPlan } from "../plan/plan.ts";

/**
 * A family of programs that serves models over llama-server's HTTP. Pure but for `adopt` and `prepare`: a plan goes in, a command
 * line comes out. Nothing outside this room asks which engine it is.
 */
export interface Engine {
  readonly name: string;
  readonly traits: EngineTraits;
  /** Whether it can serve this model, and how. Pure. */
  takes(model: ModelDescription): Taking;
  /**
   * The file that it serves a model from: the model's own, or one made of it and kept in the cache; idempotent.
   * @throws CorralError CORRAL_MODEL_*, CORRAL_WRITE_FAILED; the signal's reason
   */
  adopt(model: ModelDescription, options?: AdoptOptions): Promise<string>;
  /**
   * Finds or makes what the engine needs (a proven build); idempotent.
   * @throws CorralError CORRAL_BUILD_*, CORRAL_SOURCE_*, CORRAL_TOOL_MISSING
   */
  prepare(options?: { signal?: AbortSignal }): Promise<Program>;
  /** Identity of what `prepare` would give where it is there already, else null. Builds and fetches nothing. */
  identity(): Promise<string | null>;
  /** @throws CorralError CORRAL_BAD_OPTION where the user's own flags touch what corral owns */
  checkArgs(args: readonly string[]): void;
  commandLine(program: Program, start: WorkerStart): CommandLine;
  /** Why a worker ended, from the last lines it wrote. */
  classify(ending: Ending): FailureReason;
  /** What an answer to GET /metrics tells about the loop that computes; null where it tells nothing. */
  readPulse(metrics: string): Pulse | null;
  /** Null where its workers can't give each other what they have computed. */
  readonly promptStore: PromptStore | null;
}

/** Computed prompts as files in WorkerStart's `promptDir`, by which workers of one model save each other the work. */
export interface PromptStore {
  /** Saves what all chats with this head begin with, as this worker has computed it; what it has not, it computes now. */
  save(ask: AskWorker, head: ChatHead, file: string): Promise<SavedPrompt>;
  /** Gives a worker what another one saved, in place of what it used longest ago. */
  restore(ask: AskWorker, file: string): Promise<void>;
}

/** A POST of JSON to one worker. Rejects where it does not answer 200 with an object. */
export type AskWorker = (path: string, body: unknown) => Promise<Readonly<Record<string, unknown>>>;

/** The body of a chat with its first messages only, and what else stands at the beginning of its prompt. */
export interface ChatHead extends Readonly<Record<string, unknown>> {
  readonly messages: readonly unknown[];
}

export interface SavedPrompt {
  readonly tokens: number;
  /** Of its file. */
  readonly bytes: number;
}

export interface EngineOptions {
  /** "fast" keeps half-precision sums where the CPU has them: faster, and wrong for some models. */
  readonly arithmetic: "safe" | "fast";
  /** Whether a missing build may be made. Default "auto": it is. */
  readonly mode?: "auto" | "skip" | "require" | undefined;
  /** Told what happens while a build is made or a model converted. */
  readonly report?: ((event: BuildEvent) => void) | undefined;
}

export interface Taking {
  readonly can: boolean;
  /** In words for a log or an error: "it reads GGUF files". */
  readonly why: string;
}

export interface AdoptOptions {
  /** Default $CORRAL_CACHE_DIR, or the user's cache folder. */
  readonly cacheDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The loop that computes, as seen from outside. Its HTTP threads answer for themselves and prove nothing. */
export interface Pulse {
  /** Grows with each turn that computed something. */
  readonly turns: number;
  /** Requests that it has taken up and not finished; at 0 it has nothing to turn for. */
  readonly working: number;
}

export interface Program {
  readonly path: string;
  /** As the program itself prints it. */
  readonly version: string;
  /** What a person should know when it serves ("fast arithmetic: ..."). */
  readonly warnings: readonly string[];
}

export interface WorkerStart {
  readonly plan: Plan;
  readonly worker: WorkerPlan;
  readonly endpoint: Endpoint;
  /** A 0600 file that holds the endpoint's key. */
  readonly keyFile: string;
  /** An existing folder for files of the engine's PromptStore; null where none are kept. */
  readonly promptDir: string | null;
  /** True where repacking the weights is suspected of having killed it. */
  readonly noRepack: boolean;
  /** Flags of the user's own, behind all others; `checkArgs` has let them through. */
  readonly extraArgs: readonly string[];
}

export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether the kernel's memory limit killed it. */
  readonly outOfMemory: boolean;
  /** The last lines of stderr and stdout. */
  readonly tail: readonly string[];
}

export type FailureReason =
  | "model-missing"
  | "model-broken"
  | "model-unsupported"
  | "port-taken"
  | "bad-flag"
  | "out-of-memory"
  | "illegal-instruction"
  | "crashed"
  | "killed"
  | "stopped"
  | "wedged"
  | "never-ready"
  | "could-not-start"
  | "exited";
