import type { ChatglmConfig } from "../chatglm/layout.ts";
import { bool, type MadeValue, numbers, text, texts, u32 } from "../gguf/encode.ts";
import { type ConvertibleType, SPECIAL_TOKENS } from "./specials.ts";
import { chatTemplate } from "./template.ts";

/** Token types of llama.cpp (`llama_token_type` in llama.h). */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, unused: 5, byte: 6 } as const;

/** One row of the embedding. */
export interface Token {
  readonly text: string;
  readonly type: (typeof TOKEN_TYPES)[keyof typeof TOKEN_TYPES];
  readonly score: number;
}

/** What a tokenizer of either kind says in a GGUF file: its own tokens, and how it cuts text into them. */
export interface TokenizerParts {
  readonly tokens: readonly Token[];
  readonly metadata: readonly (readonly [string, MadeValue])[];
  /** Whether it puts a blank in front of every text that it gets. */
  readonly prefixed: boolean;
  /** In front of the names of special tokens (`markFor`). */
  readonly mark: string;
}

/** A tokenizer's metadata, with the special tokens behind its own and the filling up to the embedding's rows. Pure. */
export function tokenizerMetadata(
  type: ConvertibleType,
  { vocabulary, eos, pad }: ChatglmConfig,
  { tokens, metadata, prefixed, mark }: TokenizerParts,
): [string, MadeValue][] {
  const named = [...tokens, ...SPECIAL_TOKENS[type].map((name) => control(mark + name))];
  const padding = Array.from({ length: vocabulary - named.length }, (_, index) => named.length + index);
  const all = [...named, ...padding.map((row) => filling(`${mark}[PAD${row}]`))];
  const id = (name: string): number => tokens.length + SPECIAL_TOKENS[type].indexOf(name);
  return [
    ...metadata.map(([key, value]): [string, MadeValue] => [key, value]),
    ["tokenizer.ggml.tokens", texts(all.map((token) => token.text))],
    [
      "tokenizer.ggml.token_type",
      numbers(
        "i32",
        all.map((token) => token.type),
      ),
    ],
    [
      "tokenizer.ggml.scores",
      numbers(
        "f32",
        all.map((token) => token.score),
      ),
    ],
    ["tokenizer.ggml.eos_token_id", u32(eos)],
    // An answer ends where the next speaker's turn begins, too.
    ...(type === 2
      ? []
      : ([
          ["tokenizer.ggml.eot_token_id", u32(id("<|user|>"))],
          ["tokenizer.ggml.eom_token_id", u32(id("<|observation|>"))],
        ] satisfies [string, MadeValue][])),
    ...(pad >= 0 && pad < vocabulary
      ? ([["tokenizer.ggml.padding_token_id", u32(pad)]] satisfies [string, MadeValue][])
      : []),
    // What stands in front of a prompt is two tokens: the chat template has them.
    ["tokenizer.ggml.add_bos_token", bool(false)],
    ["tokenizer.ggml.add_eos_token", bool(false)],
    // Rows that no training touched: never to be drawn.
    ["tokenizer.ggml.suppress_tokens", numbers("i32", padding)],
    ["tokenizer.chat_template", text(chatTemplate(type, { prefixed, mark }))],
  ];
}

const control = (text: string): Token => ({ text, type: TOKEN_TYPES.control, score: 0 });
const filling = (text: string): Token => ({ text, type: TOKEN_TYPES.unused, score: 0 });
