export {
  type Build,
  type BuildEvent,
  type BuildOptions,
  ensureBuild,
  findBuild,
  type Manifest,
} from "../build-scripts/build.ts";
export { type Examination, examine } from "../build-scripts/examine.ts";
export { progressReporter } from "../build-scripts/progress.ts";
export type { PoolOptions } from "./config/pool-options.ts";
export { CorralError, ERROR_CODES, type ErrorCode } from "./errors.ts";
export type {
  ChatChunk,
  ChatCompletion,
  ChatMessage,
  ChatRequest,
  Completion,
  CompletionRequest,
  EmbeddingRequest,
  EmbeddingResponse,
  Usage,
} from "./pool/openai-types.ts";
export type {
  CallOptions,
  Pool,
  PoolEvents,
  PoolRequest,
  PoolResponse,
  PoolState,
  PoolStats,
  RequestEvent,
  WorkerStats,
} from "./pool-types.ts";
