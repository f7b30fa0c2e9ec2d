/**
 * Texts by which llama.cpp v0.5.0 takes a token for special, of whatever type it is (`llama_vocab::impl::load` in
 * llama-vocab.cpp): ends of an answer, parts of code to fill in, marks of a format.
 */
const TAKEN = new Set([
  "<|eot_id|>",
  "<|im_end|>",
  "<|end|>",
  "<|return|>",
  "<|call|>",
  "<|flush|>",
  "<|calls|>",
  "<end_of_turn>",
  "<|endoftext|>",
  "</s>",
  "<|eom_id|>",
  "<EOT>",
  "_<EOT>",
  "[EOT]",
  "[EOS]",
  "<|end_of_text|>",
  "<end_of_utterance>",
  "<eos>",
  "<turn|>",
  "<|tool_response>",
  "<｜end▁of▁sentence｜>",
  "[e~[",
  "<|channel|>",
  "<|message|>",
  "<|start|>",
  "<|constrain|>",
  ...["<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<PRE>", "<｜fim▁begin｜>", "▁<PRE>"],
  ...["<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<SUF>", "<｜fim▁hole｜>", "▁<SUF>"],
  ...["<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<MID>", "<｜fim▁end｜>", "▁<MID>"],
  ...["<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>", "<|prefix|>", "<|suffix|>", "<|middle|>"],
  ...["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
  ...["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>"],
]);

export const isTakenForSpecial = (text: string): boolean => TAKEN.has(text);
