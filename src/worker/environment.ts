/**
 * What a worker inherits. A list of what may pass, not of what may not: the engine reads every flag from LLAMA_ARG_*
 * as well (LLAMA_API_KEY, HF_TOKEN and AIP_HTTP_PORT too), which would undo the plan, and whatever else is in there
 * (tokens, passwords) is none of its business.
 */
const PASSED = new Set([
  "PATH",
  "HOME",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TMPDIR",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "GLIBC_TUNABLES",
]);
/** Locale, and how threads and memory behave: things that are tuned per host. */
const PASSED_PREFIXES = ["LC_", "DYLD_", "OMP_", "GOMP_", "KMP_", "MALLOC_", "GGML_"];

/** The environment of a worker. Pure. */
export function workerEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  const passed = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (PASSED.has(entry[0]) || PASSED_PREFIXES.some((prefix) => entry[0].startsWith(prefix))),
  );
  return { ...Object.fromEntries(passed), ...added };
}
