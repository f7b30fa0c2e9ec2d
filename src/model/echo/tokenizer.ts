import { bool, type MadeValue, numbers, text, texts, u32 } from "../gguf/encode.ts";
import { SPECIAL_TOKENS, TOKENS, tokenId } from "./tokens.ts";

/** Token types of llama.cpp (`llama_token_type` in llama.h). */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;

const CHAT_TEMPLATE =
  "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}<|assistant|>{% endif %}";

/**
 * Metadata of a tokenizer with a token for each byte, and a chat template. Up to `size` tokens (default: none more) it is
 * filled with tokens `[263]`, `[264]` and so on, which a model can say and a text never becomes.
 */
export function byteTokenizer(size: number = TOKENS.length): [string, MadeValue][] {
  const filling = Array.from({ length: size - TOKENS.length }, (_, index) => `[${TOKENS.length + index}]`);
  const tokens = [...TOKENS, ...filling];
  return [
    ["tokenizer.ggml.model", text("gpt2")],
    ["tokenizer.ggml.pre", text("gpt-2")],
    ["tokenizer.ggml.tokens", texts(tokens)],
    // The engine wants one merge; two NUL bytes never come. A merge of two spaces would eat spaces.
    ["tokenizer.ggml.merges", texts(["Ā Ā"])],
    [
      "tokenizer.ggml.token_type",
      numbers(
        "i32",
        tokens.map((_, id) => tokenType(id)),
      ),
    ],
    ["tokenizer.ggml.bos_token_id", u32(tokenId("<s>"))],
    ["tokenizer.ggml.eos_token_id", u32(tokenId("<|end|>"))],
    ["tokenizer.ggml.unknown_token_id", u32(tokenId("<unk>"))],
    ["tokenizer.ggml.add_bos_token", bool(true)],
    ["tokenizer.chat_template", text(CHAT_TEMPLATE)],
  ];
}

function tokenType(id: number): number {
  if (id === tokenId("<unk>")) return UNKNOWN;
  return id < SPECIAL_TOKENS.length ? CONTROL : NORMAL;
}
