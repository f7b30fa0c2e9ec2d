import { llamaTraits } from "../../src/engine/llama-memory.ts";
import type { EngineChoice } from "../../src/plan/engine-choice.ts";

export const llama: EngineChoice = { name: "llama", why: "it reads GGUF files", traits: llamaTraits };
