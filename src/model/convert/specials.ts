import type { ChatglmType } from "../chatglm/layout.ts";

/** Types whose files llama.cpp can run without loss. */
export type ConvertibleType = Extract<ChatglmType, 2 | 3 | 4>;

/**
 * Stands before the name of every special token in a converted file. llama-server looks for these names in all that it
 * reads, in what a chat's user wrote, too: with a noncharacter of Unicode, which is for a program's inner use and never
 * part of a text, "<|user|>" in a message stays what it is to chatglm.cpp: letters.
 */
export const MARK = "\ufdd0";

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

export const marked = (name: string): string => `${MARK}${name}`;

/** What every prompt begins with. */
export const promptPrefix = (type: ConvertibleType): string => marked("[gMASK]") + marked(type === 4 ? "<sop>" : "sop");
