export {
  type Build,
  type BuildEvent,
  type BuildOptions,
  ENGINES,
  type Engine,
  ensureBuild,
  findBuild,
  type Manifest,
} from "../build-scripts/build.ts";
export { cacheDir } from "../build-scripts/cache.ts";
export { type Examination, examine } from "../build-scripts/examine.ts";
export { progressReporter } from "../build-scripts/progress.ts";
export type { ReloadReport } from "./admin/administered.ts";
export { AdminClient } from "./admin/client.ts";
export { findAdmin } from "./admin/find.ts";
export { administerPools, type InstanceParts } from "./admin/pools.ts";
export { type Predecessor, predecessor } from "./admin/predecessor.ts";
export { type Admin, openAdmin } from "./admin/server.ts";
export type { InstanceStatus, ModelStatus } from "./admin/status.ts";
export { upgrader } from "./admin/successor.ts";
export { checkConfig } from "./config/check.ts";
export { type ConfigFlag, configFlags } from "./config/config-flags.ts";
export type { CorralOptions } from "./config/corral-options.ts";
export type { GatewayOptions } from "./config/gateway-options.ts";
export { configSchema } from "./config/json-schema.ts";
export { type Config, type ConfigSources, loadConfig, usualConfigFiles } from "./config/load.ts";
export type { ModelOptions } from "./config/model-options.ts";
export { poolOptionsOf } from "./config/model-options.ts";
export type { PoolOptions } from "./config/pool-options.ts";
export { type ConfigEntry, configEntries, configText, configTree } from "./config/print.ts";
export { type Problem, problemAt, problemText } from "./config/problem.ts";
export { type CorralSetup, createCorral, openCorral } from "./corral.ts";
export type { Changes, Corral, CorralEvents, CorralModel, ManyModels } from "./corral-types.ts";
export { CorralError, ERROR_CODES, type ErrorCode } from "./errors.ts";
export {
  type Address as GatewayAddress,
  type CloseOptions,
  createGateway,
  type Gateway,
  type GatewayParts,
} from "./gateway/gateway.ts";
export { type LoadedPool, type LoadFigures, type LoadSpec, measureLoad, type RequestShape } from "./load/load.ts";
export type { Percentiles } from "./load/statistics.ts";
export { TRACES, type Trace } from "./load/trace.ts";
export { formatCpuList } from "./machine/cpulist.ts";
export type { Machine } from "./machine/machine.ts";
export { readMachine } from "./machine/read.ts";
export { createMetrics, type Metrics } from "./metrics/metrics.ts";
export { CHATGLM_SHAPES, type RandomChatglmOptions, writeRandomChatglm } from "./model/chatglm/random.ts";
export { type ChatglmFile, readChatglm } from "./model/chatglm/read.ts";
export { type ScriptedOptions, writeScriptedChatglm } from "./model/chatglm/scripted.ts";
export { convertChatglm } from "./model/convert/convert.ts";
export { whyNotConvertible } from "./model/convert/convertible.ts";
export { describeModel } from "./model/describe.ts";
export type { ModelDescription } from "./model/description.ts";
export { type EchoOptions, writeEchoModel } from "./model/echo.ts";
export { type GgufFile, readGguf } from "./model/gguf/read.ts";
export { inspectModel, type ModelInspection } from "./model/inspect.ts";
export { PRESETS as MODEL_PRESETS } from "./model/random/presets.ts";
export { type RandomOptions, writeRandomModel } from "./model/random.ts";
export { ensureConverted, ensureEchoModel } from "./model/store.ts";
export { type WriteOptions, writeWhole } from "./model/whole-file.ts";
export type { MemoryLedger, Plan, WorkerPlan } from "./plan/plan.ts";
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
export { createPool, openPool, type PoolSetup, planPool } from "./pool.ts";
export type {
  CallOptions,
  EngineMetrics,
  ExchangeFacts,
  Failure,
  Footprint,
  Gaps,
  LogLine,
  LogOptions,
  Pool,
  PoolEvents,
  PoolRequest,
  PoolResponse,
  PoolState,
  PoolStats,
  RequestEvent,
  ScaleEvent,
  WorkerEvent,
  WorkerSnapshot,
  WorkerStats,
} from "./pool-types.ts";
export type { ServedModel } from "./served-model.ts";
export { type Gathered, gather as gatherService, usualConfig } from "./service/gather.ts";
export { holdBack } from "./service/hold.ts";
export { installUnits, showStatus, uninstallUnits, unitFolder } from "./service/install.ts";
export { isJournal, journalLine } from "./service/journal.ts";
export { joinService, type Service, type ServiceSetup } from "./service/service.ts";
export type { RunAs, Unit } from "./service/unit/facts.ts";
export { unitsFor } from "./service/unit/units.ts";
export {
  type Comparison as TuneComparison,
  type TuneEvent,
  type TuneOptions,
  type TuneReport,
  tunePool,
} from "./tune.ts";
