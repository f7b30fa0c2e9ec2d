/**
 * OpenAI's shapes as far as the engine fills them. Each has room for fields that are not listed: they are passed on
 * both ways and never looked at.
 */
interface Open {
  readonly [field: string]: unknown;
}

export interface ChatMessage extends Open {
  readonly role: string;
  readonly content?: unknown;
}

interface Sampling extends Open {
  /** Ignored by the engine: a pool has one model. */
  readonly model?: string;
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly seed?: number;
  readonly stop?: string | readonly string[];
}

export interface ChatRequest extends Sampling {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
  readonly response_format?: unknown;
}

export interface CompletionRequest extends Sampling {
  readonly prompt: string | readonly string[] | readonly number[];
}

export interface EmbeddingRequest extends Open {
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  readonly model?: string;
}

type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | (string & {});

export interface Usage extends Open {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface ChatCompletion extends Open {
  readonly id: string;
  readonly object: "chat.completion";
  readonly created: number;
  readonly model: string;
  readonly choices: readonly ChatChoice[];
  readonly usage?: Usage;
}

interface ChatChoice extends Open {
  readonly index: number;
  readonly message: AssistantMessage;
  readonly finish_reason: FinishReason | null;
}

interface AssistantMessage extends Open {
  readonly role: "assistant";
  readonly content: string | null;
  readonly tool_calls?: readonly unknown[];
}

export interface ChatChunk extends Open {
  readonly id: string;
  readonly object: "chat.completion.chunk";
  readonly created: number;
  readonly model: string;
  /** Empty in the last chunk of a stream that reports usage. */
  readonly choices: readonly ChatChunkChoice[];
  readonly usage?: Usage | null;
}

interface ChatChunkChoice extends Open {
  readonly index: number;
  readonly delta: ChatDelta;
  readonly finish_reason: FinishReason | null;
}

interface ChatDelta extends Open {
  readonly role?: string;
  readonly content?: string | null;
  readonly tool_calls?: readonly unknown[];
}

export interface Completion extends Open {
  readonly id: string;
  readonly object: "text_completion";
  readonly created: number;
  readonly model: string;
  readonly choices: readonly CompletionChoice[];
  readonly usage?: Usage;
}

interface CompletionChoice extends Open {
  readonly index: number;
  readonly text: string;
  readonly finish_reason: FinishReason | null;
}

export interface EmbeddingResponse extends Open {
  readonly object: "list";
  readonly model: string;
  readonly data: readonly Embedding[];
  readonly usage?: Omit<Usage, "completion_tokens">;
}

interface Embedding extends Open {
  readonly object: "embedding";
  readonly index: number;
  /** A string where the request asked for base64. */
  readonly embedding: readonly number[] | string;
}
