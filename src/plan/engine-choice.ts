import type { Machine } from "../machine/machine.ts";
import type { ModelDescription } from "../model/description.ts";
import type { EngineSettings, KeyValueType } from "./settings.ts";
import type { Shape } from "./shape.ts";

/** What a plan must know of an engine. Pure; bytes. */
export interface EngineTraits {
  /** Concurrent sequences that one process can compute. */
  readonly mostSlots: number;
  /** Slots of each worker where nobody asks for another number. */
  readonly usualSlots: number;
  /** Past prompts are kept in memory of their own, beside the slots. */
  readonly hasPromptCache: boolean;
  /** Whether more tokens than the model was trained for are computed (and may be nonsense) or refused. */
  readonly exceedsContext: boolean;
  /** The first is the usual one. */
  readonly keyValueTypes: readonly [KeyValueType, ...KeyValueType[]];
  /** What of its settings a tuner may change; the others have no effect. */
  readonly tunables: readonly (keyof EngineSettings)[];
  /** Where nothing was measured. */
  usualSettings(shape: Pick<Shape, "slots">): EngineSettings;
  /** What the program does when it is started with a model and nothing else: the tuner's yardstick. */
  readonly byHand: Pick<Shape, "slots"> & { readonly settings: EngineSettings };
  /** Private copies of weights in each worker that repacks them for this CPU; 0 where there is nothing to repack. */
  repackedBytes(machine: Machine, model: ModelDescription): number;
  /** Of the model's files, what those copies stand for. */
  replacedBytes(machine: Machine, model: ModelDescription): number;
  /** What a worker comes to hold besides weights, keys and values. An estimate, rather too much than too little. */
  computeBytes(model: ModelDescription, shape: Shape, settings: EngineSettings): number;
}

/** The engine that is to serve a model. */
export interface EngineChoice {
  readonly name: string;
  /** Why this one, in words for a log. */
  readonly why: string;
  readonly traits: EngineTraits;
}
