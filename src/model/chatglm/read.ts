import { resolve } from "node:path";
import { CorralError } from "../../errors.ts";
import { broken } from "../broken.ts";
import { Cursor } from "../cursor.ts";
import { type ByteSource, withFile } from "../source.ts";
import { readConfig, readVision } from "./config.ts";
import {
  type ChatglmConfig,
  type ChatglmType,
  type ChatglmVersion,
  MAGIC,
  MODEL_TYPES,
  type VisionConfig,
  wantedTensors,
} from "./layout.ts";
import { type ChatglmTensor, readTensors } from "./tensors.ts";

export type { ChatglmTensor };

/** What one `.bin` file of chatglm.cpp says about itself. */
export interface ChatglmHeader {
  readonly type: ChatglmType;
  readonly version: ChatglmVersion;
  readonly config: ChatglmConfig;
  /** Of type 1004, else null. */
  readonly vision: VisionConfig | null;
  /** Where its bytes are: a SentencePiece model (types 1 to 3) or a tiktoken list of ranks (types 4 and 1004). */
  readonly tokenizer: { readonly offset: number; readonly length: number };
  /** In the file's order. */
  readonly tensors: readonly ChatglmTensor[];
}

export interface ChatglmFile extends ChatglmHeader {
  /** Absolute. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Bytes read at once: about a tensor's name and shape, so that weights stay on the disk. */
const WINDOW = 512;
/** Bytes. The largest of a real model has 2.7 million. */
const LARGEST_TOKENIZER = 64 * 1024 * 1024;

/** Whether a file begins as those of chatglm.cpp do. Throws CORRAL_MODEL_MISSING. */
export const isChatglm = (path: string): Promise<boolean> => withFile(resolve(path), beginsAsChatglm);

/**
 * Reads what stands around the weights of a `.bin` file, and checks that its tensors are all there and as its
 * configuration wants them. Time and memory are bounded, whatever the file holds; weights are not read.
 * Throws CORRAL_MODEL_MISSING, CORRAL_MODEL_BROKEN, or CORRAL_MODEL_UNSUPPORTED for what chatglm.cpp can't run.
 */
export async function readChatglm(path: string): Promise<ChatglmFile> {
  const absolute = resolve(path);
  return withFile(absolute, async (source) => ({
    ...(await readChatglmHeader(source)),
    path: absolute,
    size: source.size,
  }));
}

export async function readChatglmHeader(source: ByteSource): Promise<ChatglmHeader> {
  if (!(await beginsAsChatglm(source))) {
    throw broken(source.path, "is not a model of chatglm.cpp", "Name a .bin file that its convert.py has written.");
  }
  const cursor = new Cursor(source, WINDOW);
  const { type, version } = await readKind(cursor, source.path);
  const config = await readConfig(cursor, type, version);
  const vision = type === 1004 ? await readVision(cursor) : null;
  requirePrefix(source.path, type, config);
  const tokenizer = await passTokenizer(cursor);
  const tensors = await readTensors(cursor, wantedTensors(type, config, vision));
  return { type, version, config, vision, tokenizer, tensors };
}

/** The tokenizer's bytes: at most 64 MiB. Throws CORRAL_MODEL_MISSING or CORRAL_MODEL_BROKEN. */
export function readTokenizerBytes({ path, tokenizer }: Pick<ChatglmFile, "path" | "tokenizer">): Promise<Uint8Array> {
  return withFile(path, async (source) => {
    const bytes = Buffer.alloc(tokenizer.length);
    if ((await source.read(bytes, tokenizer.offset)) < bytes.length)
      throw broken(path, "became shorter while it was read");
    return bytes;
  });
}

async function beginsAsChatglm(source: ByteSource): Promise<boolean> {
  const start = Buffer.alloc(MAGIC.length);
  return (await source.read(start, 0)) === start.length && start.toString("latin1") === MAGIC;
}

async function readKind(cursor: Cursor, path: string): Promise<{ type: ChatglmType; version: ChatglmVersion }> {
  cursor.section = "its type and version";
  cursor.skip(MAGIC.length);
  await cursor.fill(8);
  const type = Number(cursor.number("i32"));
  const version = Number(cursor.number("i32"));
  if (!isKnown(type)) throw unsupported(path, `is of type ${type}, which chatglm.cpp does not know`);
  if (version !== 2 && (version !== 1 || type > 3)) {
    const { title } = MODEL_TYPES[type];
    throw broken(path, `is a ${title} model in the unknown version ${version}`);
  }
  return { type, version };
}

const isKnown = (type: number): type is ChatglmType => Object.hasOwn(MODEL_TYPES, type);

/** chatglm.cpp 0.4.2 makes room for the prefix of any type, and fills it for these only. */
function requirePrefix(path: string, type: ChatglmType, { virtualTokens }: ChatglmConfig): void {
  if (virtualTokens === 0 || type === 2 || type === 3 || type === 4) return;
  throw unsupported(path, `is a ${MODEL_TYPES[type].title} model with p-tuning, which chatglm.cpp can't run`);
}

async function passTokenizer(cursor: Cursor): Promise<ChatglmHeader["tokenizer"]> {
  cursor.section = "its tokenizer";
  await cursor.fill(4);
  const length = Number(cursor.number("i32"));
  if (length < 1 || length > LARGEST_TOKENIZER) {
    throw cursor.broken(`says that its tokenizer has ${length} bytes, which no model's has`);
  }
  const offset = cursor.position;
  cursor.pass(length);
  return { offset, length };
}

function unsupported(path: string, what: string): CorralError {
  const message = `${path} ${what}. Use another model, or one that was converted anew.`;
  return new CorralError("CORRAL_MODEL_UNSUPPORTED", message, { facts: { path } });
}
