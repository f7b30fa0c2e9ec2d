/** Why a compile failed, as far as its output tells. */
export interface Diagnosis {
  readonly cause: "out-of-memory" | "disk-full" | "instruction-set" | "compiler-too-old" | "cmake" | "error";
  /** The first line that says what is wrong. */
  readonly firstError: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
}

/** The first of these that fits any line decides: what made the compiler fail comes before what it then printed. */
const CAUSES: readonly { cause: Diagnosis["cause"]; pattern: RegExp; remedy: string }[] = [
  {
    cause: "disk-full",
    pattern: /No space left on device|Disk quota exceeded/,
    remedy: "Free about 1 GB of disk space, or move the cache with CORRAL_CACHE_DIR, and run it again.",
  },
  {
    cause: "out-of-memory",
    pattern:
      /Killed signal terminated program|virtual memory exhausted|out of memory allocating|Cannot allocate memory|std::bad_alloc|(fatal error|error): Killed/,
    remedy: "The machine ran out of memory: run it again with fewer compilers at once, --jobs 1.",
  },
  {
    cause: "instruction-set",
    pattern:
      /no such instruction|unrecognized command[- ]line option .-m|unknown argument: .-m|selected processor does not support|internal compiler error|target specific option mismatch|invalid feature modifier/,
    remedy:
      "The compiler or assembler does not know this CPU's instructions: install a newer one (GCC 12 or Clang 15).",
  },
  {
    cause: "compiler-too-old",
    pattern:
      /C\+\+17|CXX17|cxx_std_17|fatal error: '?(charconv|filesystem|optional|string_view|variant)\b|requires at least gcc/i,
    remedy: "It needs a C++17 compiler: install GCC 9 or Clang 10 or newer, or name one with CXX and CC.",
  },
];

const ERROR_LINE =
  /(?:^|\s)(?:fatal )?error:|^CMake Error|: undefined reference to|^ninja: error:|^(?:g?make)(?:\[\d+\])?: \*\*\*|\bError: |^collect2: /;

/** @param output Everything that the failed step printed. Pure. */
export function diagnose(output: string): Diagnosis {
  const lines = output.split(/\r?\n/);
  const first = lines.findIndex((line) => ERROR_LINE.test(line));
  for (const { cause, pattern, remedy } of CAUSES) {
    const at = lines.findIndex((line) => pattern.test(line));
    // Of what stands behind the first error only its own notes count; the system's messages may come from any job.
    const system = cause === "disk-full" || cause === "out-of-memory";
    const decides = at >= 0 && (system || first < 0 || at <= first + notesBehind(lines[first]));
    if (decides) return { cause, firstError: lines[at]?.trim() ?? "", remedy };
  }
  const firstError = lines[first]?.trim() ?? lines.findLast((line) => line.trim() !== "")?.trim() ?? "no output";
  if (firstError.startsWith("CMake Error")) {
    const message = lines
      .slice(first + 1)
      .find((line) => line.trim() !== "")
      ?.trim();
    const whole = message === undefined || /:$/.test(firstError) === false ? firstError : `${firstError} ${message}`;
    return { cause: "cmake", firstError: whole, remedy: "Look at the options given with -D, then at the log." };
  }
  return { cause: "error", firstError, remedy: "The log has the whole command and what the compiler said." };
}

/** CMake quotes the whole output of the compiler that it tried, below its own words. */
function notesBehind(line: string | undefined): number {
  return line?.startsWith("CMake Error") ? 60 : 10;
}
