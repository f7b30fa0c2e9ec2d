import type { ChatglmType } from "../chatglm/layout.ts";

/** Types whose files llama.cpp can run without loss. */
export type ConvertibleType = Extract<ChatglmType, 2 | 3 | 4>;

/** Noncharacters of Unicode: for a program's inner use, and hardly ever part of a text. */
const MARKS = Array.from({ length: 32 }, (_, index) => String.fromCodePoint(0xfdd0 + index));

/**
 * What stands before the name of every special token in a converted file. llama-server looks for these names in all that
 * it reads, in what a chat's user wrote, too: so "<|user|>" in a message stays what it is to chatglm.cpp, letters. A
 * tokenizer that was trained on the whole web may know a noncharacter; the mark is one that it doesn't, or null.
 */
export const markFor = (isKnown: (mark: string) => boolean): string | null =>
  MARKS.find((mark) => !isKnown(mark)) ?? null;

const ROLES = ["<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"];
const MASKS = ["[MASK]", "[gMASK]", "[sMASK]"];

/** Special tokens in the order of their ids, which follow the tokenizer's own: the constructors in chatglm.cpp 0.4.2. */
export const SPECIAL_TOKENS: Readonly<Record<ConvertibleType, readonly string[]>> = {
  2: [...MASKS, "sop", "eop"],
  3: [...MASKS, "sop", "eop", ...ROLES],
  4: [
    "<|endoftext|>",
    ...MASKS,
    "<sop>",
    "<eop>",
    ...ROLES,
    "<|begin_of_image|>",
    "<|end_of_image|>",
    "<|begin_of_video|>",
    "<|end_of_video|>",
  ],
};

/** What every prompt begins with. */
export const promptPrefix = (type: ConvertibleType, mark: string): string =>
  `${mark}[gMASK]${mark}${type === 4 ? "<sop>" : "sop"}`;
