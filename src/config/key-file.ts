import { readText } from "./text.ts";

/** What a path may start with: the folder where systemd puts a service's credentials. */
export const CREDENTIALS = "$CREDENTIALS_DIRECTORY/";

type KeyFile =
  | { readonly kind: "keys"; readonly keys: readonly string[] }
  /** What is wrong with it, and what to do. */
  | { readonly kind: "problem"; readonly message: string };

/** One key a line. A file without a key is a problem: a gateway that is meant to be locked must not stand open. */
export async function readKeyFile(given: string, env: NodeJS.ProcessEnv): Promise<KeyFile> {
  const path = expanded(given, env);
  if (path === null) {
    return problem(
      `The API key file ${given} is to be in $CREDENTIALS_DIRECTORY, which is not set. Start corral as a systemd service with LoadCredential=, or give another path.`,
    );
  }
  const read = await readText(path);
  if (read.kind === "unreadable") {
    return problem(`The API key file ${path} can't be read (${read.why}). Check its path and owner.`);
  }
  const keys = read.text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) return problem(`The API key file ${path} holds no key. Write one key a line.`);
  return { kind: "keys", keys };
}

function expanded(path: string, { CREDENTIALS_DIRECTORY }: NodeJS.ProcessEnv): string | null {
  if (!path.startsWith(CREDENTIALS)) return path;
  return CREDENTIALS_DIRECTORY ? `${CREDENTIALS_DIRECTORY}/${path.slice(CREDENTIALS.length)}` : null;
}

function problem(message: string): KeyFile {
  return { kind: "problem", message };
}
