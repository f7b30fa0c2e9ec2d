/** What a file that is not a GGUF seems to be (continues "... is"), and what to do. */
export interface Lookalike {
  readonly what: string;
  readonly remedy: string;
}

const CONVERT = "Convert it with llama.cpp's convert_hf_to_gguf.py, or download a GGUF of the same model.";
const AGAIN = "Download it again.";

/** Enough of a file's beginning to tell. Bytes. */
export const TELLING_BYTES = 1024;

/** Judges by a file's first bytes. Pure. */
export function lookalike(start: Buffer, size: number): Lookalike {
  return (
    KINDS.find(({ test }) => test(start, size)) ?? {
      what: "not a GGUF file",
      remedy: "Name a .gguf file, or a .bin file of chatglm.cpp.",
    }
  );
}

const beginsWith = (prefix: string) => (start: Buffer) => start.toString("latin1", 0, prefix.length) === prefix;
const matches = (pattern: RegExp) => (start: Buffer) => pattern.test(start.toString("utf8"));

const KINDS: readonly (Lookalike & { readonly test: (start: Buffer, size: number) => boolean })[] = [
  { test: (_, size) => size === 0, what: "empty", remedy: AGAIN },
  {
    test: beginsWith("version https://git-lfs.github.com/spec/"),
    what: "a Git LFS pointer, not the model itself",
    remedy: "Run `git lfs pull` in the repository it came from.",
  },
  {
    test: matches(/^\s*<(!doctype|html|head|\?xml)/i),
    what: "a web page, not a model (a login or an error page saved under its name)",
    remedy: "Open the link in a browser to see what it says, then download the file itself.",
  },
  {
    test: (start) => start.length > 9 && start.readBigUInt64LE() < 2n ** 27n && start.toString("latin1", 8, 9) === "{",
    what: "a safetensors file, not a GGUF",
    remedy: CONVERT,
  },
  {
    test: matches(/^(Entry not found|Access to model|Repository not found|Invalid (username|credentials))/i),
    what: "an error message that was saved under the model's name",
    remedy: "Read it, then download the model again.",
  },
  { test: matches(/^\s*[{[]\s*["{[\]}]/), what: "JSON, not a model", remedy: "Name the .gguf file instead." },
  { test: beginsWith("PK\x03\x04"), what: "a ZIP archive or a PyTorch checkpoint, not a GGUF", remedy: CONVERT },
  { test: beginsWith("\x1f\x8b"), what: "compressed with gzip", remedy: "Unpack it with gunzip first." },
  { test: beginsWith("\x28\xb5\x2f\xfd"), what: "compressed with zstd", remedy: "Unpack it with unzstd first." },
  {
    test: (start) => ["tjgg", "fmgg", "algg"].some((magic) => beginsWith(magic)(start)),
    what: "a model in a format older than GGUF",
    remedy: "Download a newer one, or convert the original model again.",
  },
  {
    test: beginsWith("lmgg"),
    what: "a GGML file of an old llama.cpp, not a GGUF",
    remedy: "Download a GGUF of the same model.",
  },
  {
    test: beginsWith("ggml"),
    what: "a model of chatglm.cpp, not a GGUF",
    remedy: "Name a GGUF of the same model here; `corral model convert` makes one of ChatGLM2, ChatGLM3 and GLM-4.",
  },
  {
    test: (start) => start.length > 0 && start.every((byte) => byte === 0),
    what: "full of zeros: a download that never arrived",
    remedy: AGAIN,
  },
  {
    test: matches(/^[\t\n\r\x20-\x7e]{4,}$/),
    what: "a text file, not a model",
    remedy: "Name a .gguf file.",
  },
];
