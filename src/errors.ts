/**
 * Every way in which corral fails, with who can do something about it. The codes are part of the public interface:
 * they are never renamed, and a message may change without notice.
 */
export const ERROR_CODES = {
  CORRAL_BAD_OPTION: "an option, flag, environment variable or configuration value is not valid",
  CORRAL_TOOL_MISSING: "a program that the build needs (compiler, CMake, git) is not installed",
  CORRAL_SOURCE_UNAVAILABLE: "no channel delivered the engine's source",
  CORRAL_SOURCE_UNVERIFIED: "a source tree is not the pinned one",
  CORRAL_BUILD_FAILED: "the engine did not compile",
  CORRAL_BUILD_UNPROVEN: "a build compiled and then computed wrong answers, or died computing",
  CORRAL_BUILD_SKIPPED: "no build is there and CORRAL_BUILD=skip forbids making one",
  CORRAL_LOCKED: "another process has held a lock for longer than the limit",
  CORRAL_MODEL_MISSING: "the model file does not exist or cannot be read",
  CORRAL_MODEL_BROKEN: "the model file is damaged or is not what its name says",
  CORRAL_MODEL_UNSUPPORTED: "the engine cannot run this kind of model",
  CORRAL_MODEL_UNKNOWN: "no model of that name is served",
  CORRAL_WRITE_FAILED: "a file could not be written: no space, no permission or no such folder",
  CORRAL_DOES_NOT_FIT: "the plan needs more memory or CPUs than the machine gives",
  CORRAL_NO_ROOM: "other models hold the memory that this one needs, and made no room in time",
  CORRAL_WORKER_FAILED: "a worker could not be started, or ended by itself",
  CORRAL_WORKER_LOST: "the worker that held a request died or was replaced before it had answered",
  CORRAL_REQUEST_KILLS_WORKER: "a request has killed a worker that served nobody else, and is refused for a while",
  CORRAL_WORKER_ANSWERED: "the engine answered a request with an error",
  CORRAL_POOL_FAILED: "the pool's workers keep failing; it will be tried again later",
  CORRAL_POOL_CLOSED: "the pool is closing or closed",
  CORRAL_QUEUE_FULL: "as many requests wait as the limit allows",
  CORRAL_TOO_LATE: "the first token can't be there within the time that the request gives",
  CORRAL_REQUEST_INVALID: "a request is malformed",
  CORRAL_PORT_TAKEN: "the address to listen on is in use",
  CORRAL_NOT_RUNNING: "no corral listens where a command looked for one",
  CORRAL_UPGRADE_FAILED: "the new process did not take over, and the old one goes on",
  CORRAL_SERVICE_FAILED: "systemd refused what it was asked, or is not there",
  CORRAL_INTERNAL: "a defect of corral itself",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorOptions {
  /** The error underneath, kept as it was. */
  cause?: unknown;
  /** What is known, as plain data: exit codes, paths, limits. Never a secret, never prompt text. */
  facts?: Readonly<Record<string, unknown>>;
}

/** The one error class. The message says what happened and ends with what to do next. */
export class CorralError extends Error {
  override readonly name = "CorralError";
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, { cause, facts = {} }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }

  toJSON(): Record<string, unknown> {
    return { code: this.code, message: this.message, facts: this.facts };
  }
}
