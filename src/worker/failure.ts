import type { FailureReason } from "../engine/engine.ts";
import { CorralError, type ErrorCode } from "../errors.ts";
import type { Loss, LossCause } from "../loss.ts";
import type { Failure } from "./state.ts";

type Facts = Omit<Failure, "message">;

/** What happened and what to do, for each reason. */
const SENTENCES: Record<FailureReason, (facts: Facts) => string> = {
  "model-missing": () => "the model file could not be opened: check its path and who may read it",
  "model-broken": () => "the model file is damaged or incomplete: download it again and compare its checksum",
  "model-unsupported": () => "the engine does not know this kind of model: use another model or a newer engine",
  "port-taken": () => "the address of the worker was taken: it is tried again with another one",
  "bad-flag": ({ tail }) => `the engine refused a flag (${complaint(tail)}): correct the option \`args\``,
  "out-of-memory": () =>
    "the worker ran out of memory: use fewer workers, fewer slots, a smaller context or a smaller model",
  "illegal-instruction": () =>
    "the engine used an instruction that this CPU does not have: run `corral build` on this machine",
  crashed: ({ signal, wasReady }) =>
    `the worker crashed (${signal}) ${wasReady ? "while serving" : "while loading"}: see the last lines it wrote`,
  killed: () => "the worker was killed from outside (SIGKILL): see the system's log for who did it",
  stopped: () =>
    "somebody stopped the worker's process (SIGSTOP), and it was replaced: see the system's log for who did it",
  wedged: () => "the worker no longer made progress and was replaced: if this repeats, see the last lines it wrote",
  "never-ready": () => "the worker was not ready in time: raise `startTimeout`, or use a smaller model",
  "could-not-start": ({ tail }) =>
    `the worker could not be started (${complaint(tail)}): run \`corral doctor\` to see what is missing`,
  exited: ({ exitCode }) => `the worker ended by itself (exit code ${exitCode}): see the last lines it wrote`,
};

export function toFailure(facts: Facts): Failure {
  return { ...facts, message: SENTENCES[facts.reason](facts) };
}

/** Reasons that another try with the same file, flags and limits would only repeat. */
const DEFINITE: ReadonlySet<FailureReason> = new Set([
  "model-missing",
  "model-broken",
  "model-unsupported",
  "bad-flag",
  "out-of-memory",
  "never-ready",
  "could-not-start",
]);

export function isDefinite({ reason, wasReady }: Failure): boolean {
  return !wasReady && DEFINITE.has(reason);
}

/** Died of itself while it loaded: what wrong code in the repacking of weights looks like. */
export function diedLoading({ reason, wasReady, signal }: Failure): boolean {
  return !wasReady && signal !== null && (reason === "crashed" || reason === "illegal-instruction");
}

const CODES: Partial<Record<FailureReason, ErrorCode>> = {
  "model-missing": "CORRAL_MODEL_MISSING",
  "model-broken": "CORRAL_MODEL_BROKEN",
  "model-unsupported": "CORRAL_MODEL_UNSUPPORTED",
  "bad-flag": "CORRAL_BAD_OPTION",
};

/** For whoever asked for the workers. `facts.failure` holds all that is known. */
export function startError(failure: Failure): CorralError {
  const code = CODES[failure.reason] ?? "CORRAL_WORKER_FAILED";
  const last = failure.tail.slice(-5).join("\n");
  return new CorralError(code, last === "" ? failure.message : `${failure.message}\n${last}`, { facts: { failure } });
}

/** For the callers whose requests were in a worker that is to end. */
export function drained(worker: string): Loss {
  const message = "the worker was stopped before it had answered: send the request again";
  return {
    cause: "drain",
    error: new CorralError("CORRAL_WORKER_LOST", message, { facts: { worker, reason: "drain" } }),
  };
}

type End = Pick<Failure, "reason" | "exitCode" | "signal">;

/** For the callers whose requests were in a worker that has failed. */
export function lossOf(worker: string, end: End): Loss {
  const { reason, exitCode, signal } = end;
  const how = signal ?? (exitCode === null ? reason : `${reason}, exit code ${exitCode}`);
  const message = `the worker ended (${how}) before it had answered: send the request again, unless it is what ends workers`;
  const facts = { worker, reason, exitCode, signal };
  return { cause: causeOf(end), error: new CorralError("CORRAL_WORKER_LOST", message, { facts }) };
}

/** Signals that a process gets for what it does itself. */
const OWN_FAULTS: ReadonlySet<NodeJS.Signals> = new Set([
  "SIGSEGV",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGTRAP",
  "SIGSYS",
]);

/** Pure. An exit without an error is one that somebody asked for. */
export function causeOf({ reason, exitCode, signal }: End): LossCause {
  if (reason === "stopped") return "stopped";
  if (reason === "wedged") return "hung";
  if (reason === "killed") return "killed";
  if (reason === "crashed" && signal !== null && !OWN_FAULTS.has(signal)) return "killed";
  return reason === "exited" && exitCode === 0 ? "killed" : "crashed";
}

/** The line that says what is wrong; the last one is often only a farewell. */
function complaint(tail: readonly string[]): string {
  return (tail.findLast((line) => /error|invalid|ENOENT|EACCES|fail/i.test(line)) ?? tail.at(-1) ?? "no output").trim();
}
