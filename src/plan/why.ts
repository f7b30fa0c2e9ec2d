import type { Decision } from "./decision.ts";
import { counted, described, sized } from "./in-words.ts";
import type { Plan, Reason } from "./plan.ts";
import { coresReason } from "./why-cores.ts";
import { slotsReason, workersReason } from "./why-split.ts";

/** Each choice of a plan with what is behind it, in the order in which they were made. */
export function reasonsFor(decision: Decision, plan: Plan): Reason[] {
  return [
    reason("engine", plan.engine.name, plan.engine.why),
    coresReason(decision),
    goalReason(decision),
    tuningReason(decision),
    workersReason(decision, plan),
    slotsReason(decision, plan),
    ...memoryNodesReason(decision, plan),
    contextReason(decision, plan),
    weightsReason(decision, plan),
    keyValueReason(decision, plan),
    memoryReason(decision, plan),
    settingsReason(decision, plan),
  ];
}

function reason(about: string, choice: string, because: string): Reason {
  return { about, choice, because, rejected: [] };
}

const SEQUENCES_IN_WORDS = {
  latency: "2 for every 8 cores: each answer has many of them",
  balanced: "4 for every 8 cores keep those busy, and nobody waits long",
  throughput: "8 for every 8 cores: weights are read for many at once",
} as const;

function goalReason({ wish, tuned, goal, load, overrides }: Decision): Reason {
  const { concurrency, prompt, answer } = load;
  const choice = `${goal}, for ${counted(concurrency, "request")} at once of ${prompt} + ${answer} tokens`;
  const because = () => {
    if (wish.concurrency !== undefined) return "asked for";
    if (tuned !== null) return "what it was tuned for";
    if (overrides.workers !== undefined) return "what keeps the workers busy that were asked for";
    return `${SEQUENCES_IN_WORDS[goal]} (published figures of 32 to 192-core hosts); --concurrency tells it better`;
  };
  return reason("goal", choice, because());
}

function tuningReason({ tuned, wish: { stale = [] } }: Decision): Reason {
  if (tuned === null && stale.length > 0) return reason("tuning", "not used", stale.join(" "));
  if (tuned === null) return reason("tuning", "none", "nothing was measured here: all figures are predictions");
  const { workers, threads, slots, figures, untuned, tried, measuredAt, robust } = tuned;
  const beside = robust ? ", beside a busy neighbour" : "";
  return reason(
    "tuning",
    `measured on ${measuredAt.slice(0, 10)}${beside}`,
    `of ${counted(tried, "shape")} ${counted(workers, "worker")} x ${counted(threads, "thread")} x ${counted(slots, "slot")} gave most: ${described(figures)}; without tuning ${described(untuned)}`,
  );
}

function memoryNodesReason({ machine }: Decision, { workers }: Plan): Reason[] {
  const nodes = machine.numaNodes.filter(({ memory }) => memory > 0);
  if (nodes.length < 2) return [];
  const bound = workers.filter(({ node }) => node !== null).length;
  const whose = bound === workers.length ? "each worker" : counted(bound, "worker");
  const choice = bound === 0 ? "any" : `that of its own CPUs for ${whose}`;
  const because =
    bound === workers.length
      ? "far memory is slow; numactl binds it, where that is installed, not the engine's own --numa"
      : "a worker whose CPUs are on several nodes, or whose memory one does not hold, can't be bound";
  return [reason("memory node", choice, because)];
}

function contextReason({ model, overrides, wanted }: Decision, { context }: Plan): Reason {
  const trained = model.contextLength;
  const because = () => {
    if (overrides.context !== undefined) return "asked for";
    if (context < wanted.context) return `no memory for ${wanted.context}`;
    if (trained === null) return "the model does not say what it was trained for";
    return context === trained
      ? "what the model was trained for"
      : `all of it is allocated at the start; --context gives more, up to the ${trained} it was trained for`;
  };
  return reason("context", `${counted(context, "token")} a request`, because());
}

function weightsReason({ overrides, tuned, wanted }: Decision, { repack, memory, settings }: Plan): Reason {
  const asInFile = settings.mapWeights ? "shared by all workers, as they are in the file" : "as they are in the file";
  const choice = repack ? "repacked for this CPU in each worker" : asInFile;
  const because = () => {
    if (overrides.repack !== undefined) return "asked for";
    if (tuned !== null && tuned.repack === repack) return "as tuned";
    if (repack) return `prompts are read much faster, for ${sized(memory.repacked)} of each worker's own`;
    return wanted.repack ? "no memory for copies" : "the engine has no better layout for them on this CPU";
  };
  return reason("weights", choice, because());
}

function keyValueReason({ overrides, tuned, wanted }: Decision, { keyValueType, memory }: Plan): Reason {
  const because = () => {
    if (overrides.keyValueType !== undefined) return "asked for";
    if (tuned !== null && tuned.keyValueType === keyValueType) return "as tuned";
    return keyValueType === wanted.keyValueType
      ? "the usual one, without loss"
      : `no memory for ${wanted.keyValueType}`;
  };
  return reason("keys and values", `${keyValueType}, ${sized(memory.kv)} a worker`, because());
}

function memoryReason({ givenUp }: Decision, { memory: { peak, budget } }: Plan): Reason {
  const because = givenUp.length > 0 ? givenUp.join(" ") : "all of it fits";
  return reason("memory", `${sized(peak)} at most of ${sized(budget)}`, because);
}

function settingsReason({ tuned, overrides }: Decision, { settings }: Plan): Reason {
  const { batch, flashAttention, spin, sharedCache, speculation, hugePages, mapWeights } = settings;
  const choice = [
    `batches of ${batch}`,
    `flash attention ${flashAttention}`,
    spin === "active" ? "threads spin" : "threads sleep",
    ...(speculation === "off" ? [] : ["n-gram speculation"]),
    ...(sharedCache ? ["one cache for all slots"] : []),
    ...(hugePages ? ["huge pages"] : []),
    ...(mapWeights ? [] : ["weights in each worker's own memory"]),
  ].join(", ");
  const asked = Object.keys(overrides.settings ?? {});
  const because = tuned === null ? "usual ones: none wins on every machine, so it takes measuring" : "as tuned";
  return reason("settings", choice, asked.length === 0 ? because : `${because}; asked for: ${asked.join(", ")}`);
}
