import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import { complaintsOf, valueAt, valueText } from "./complaint.ts";
import type { Content } from "./content.ts";
import { FRONT_PLACES, fileOptions } from "./file-options.ts";
import { ENDINGS, formatOf } from "./format.ts";
import { CREDENTIALS } from "./key-file.ts";
import type { Layer, Setting } from "./layer.ts";
import { keyText, type Path, type Place } from "./places.ts";
import { configError, type Problem } from "./problem.ts";
import { readText } from "./text.ts";
import { unknownKeyText } from "./unknown-key.ts";

/** What a file and those that it includes say. */
export interface FileSettings {
  readonly front: Layer;
  /** By the names that they have in the files. */
  readonly models: ReadonlyMap<string, { readonly layer: Layer; readonly file: string; readonly place: Place | null }>;
  /** Absolute, in the order in which they were read. */
  readonly files: readonly string[];
}

export const NO_FILES: FileSettings = { front: {}, models: new Map(), files: [] };

/**
 * Reads a file and all that it includes, to the end, whatever is wrong with them.
 * @throws CorralError CORRAL_BAD_OPTION with every problem in its facts
 */
export async function readFiles(file: string): Promise<FileSettings> {
  const reading = new Reading();
  await reading.read(resolve(file), []);
  if (reading.problems.length > 0) throw configError(inOrder(reading.problems, reading.files));
  return reading;
}

/** As one meets them when one reads. */
function inOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const rank = ({ file, line, column }: Problem) => [files.indexOf(file ?? ""), line ?? 0, column ?? 0] as const;
  return problems.toSorted((a, b) => {
    const [before, after] = [rank(a), rank(b)];
    return before[0] - after[0] || before[1] - after[1] || before[2] - after[2];
  });
}

type Mapping = Readonly<Record<string, unknown>>;

interface ReadFile {
  readonly file: string;
  readonly content: Extract<Content, { kind: "read" }>;
}

/** A file on the way from the first one to the one that is read. */
interface Step {
  readonly file: string;
  readonly realPath: string;
}

/** What was read so far. Of what is there twice the first counts. */
class Reading {
  readonly front: Record<string, Setting> = {};
  readonly models = new Map<string, { layer: Layer; file: string; place: Place | null }>();
  readonly files: string[] = [];
  readonly problems: Problem[] = [];
  readonly #seen = new Set<string>();

  /** @param way the files that include it, the first one first @param from where the last of them does */
  async read(file: string, way: readonly Step[], from?: { place: Place | null; key: string }): Promise<void> {
    const complain = (message: string, place: Place | null = null, path: Path = []): void => {
      this.problems.push({
        file,
        line: place?.line ?? null,
        column: place?.column ?? null,
        key: keyText(path),
        message,
      });
    };
    const read = await readText(file);
    if (read.kind === "unreadable") {
      const message = `The configuration file ${file} can't be read (${read.why}). Check its path and owner.`;
      const by = way.at(-1)?.file ?? null;
      const { line = null, column = null } = from?.place ?? {};
      this.problems.push({ file: by, line, column, key: from?.key ?? "", message });
      return;
    }
    const realPath = await realpath(file);
    if (this.#seen.has(realPath)) return;
    this.#seen.add(realPath);
    this.files.push(file);
    const format = formatOf(file);
    if (format === undefined) return complain(`Its name must end in ${ENDINGS.join(", ")}: rename it.`);
    const content = format.read(read.text);
    if (content.kind === "broken") {
      return complain(`This is no ${format.name}: ${content.why}. Correct it there.`, content.place, content.path);
    }

    for (const { path, message } of complaintsAbout(content.value)) complain(message, content.places.of(path), path);
    this.#takeFront({ file, content });
    this.#takeModels({ file, content });
    await this.#include({ file, content }, [...way, { file, realPath }]);
  }

  #takeFront({ file, content }: ReadFile): void {
    for (const [option, path] of FRONT_PLACES) {
      const value = valueAt(content.value, path);
      if (value === undefined) continue;
      const setting = settingOf(option, value, file, content.places.of(path));
      const before = this.front[option];
      if (before === undefined) this.front[option] = setting;
      else this.#complainOfTwo(setting, before, path);
    }
  }

  #takeModels({ file, content }: ReadFile): void {
    for (const [name, options] of Object.entries(mapping(valueAt(content.value, ["models"])))) {
      const path = ["models", name];
      const place = content.places.of(path);
      const before = this.models.get(name);
      if (before !== undefined) {
        this.#complainOfTwo(settingOf(name, null, file, place), settingOf(name, null, before.file, before.place), path);
        continue;
      }
      const entries = Object.entries(mapping(options)).map(([key, value]) => {
        const option = key === "model" ? "source" : key;
        return [option, settingOf(option, value, file, content.places.of([...path, key]))] as const;
      });
      this.models.set(name, { layer: Object.fromEntries(entries), file, place });
    }
  }

  #complainOfTwo({ origin }: Setting, { origin: before }: Setting, path: Path): void {
    if (origin.kind !== "file" || before.kind !== "file") return;
    const { name: file, line, column } = origin;
    const message = `"${keyText(path)}" is set here and at ${before.name}:${before.line ?? "?"}. Leave one of them out.`;
    this.problems.push({ file, line, column, key: keyText(path), message });
  }

  async #include({ file, content }: ReadFile, way: readonly Step[]): Promise<void> {
    const given = valueAt(content.value, ["include"]);
    const patterns = (Array.isArray(given) ? given : [given]).filter((item) => typeof item === "string");
    for (const [index, pattern] of patterns.entries()) {
      const path = Array.isArray(given) ? ["include", index] : ["include"];
      const from = { place: content.places.of(path), key: keyText(path) };
      for (const next of await matching(pattern, dirname(file))) {
        const realPath = await realpath(next).catch(() => next);
        const start = way.findIndex((step) => step.realPath === realPath);
        if (start < 0) {
          await this.read(next, way, from);
          continue;
        }
        const circle = [...way.slice(start).map((step) => step.file), next].join(" -> ");
        const { line = null, column = null } = from.place ?? {};
        const message = `"${from.key}" goes in a circle: ${circle}. Leave this one out.`;
        this.problems.push({ file, line, column, key: from.key, message });
      }
    }
  }
}

/** A pattern may match nothing; a name without one is a file that must be there. */
async function matching(pattern: string, folder: string): Promise<string[]> {
  if (!isDynamicPattern(pattern)) return [resolve(folder, pattern)];
  return (await glob(pattern, { cwd: folder, absolute: true })).sort();
}

function complaintsAbout(content: unknown): { path: Path; message: string }[] {
  const result = fileOptions.safeParse(content ?? {});
  const complaints = result.success ? [] : complaintsOf(result.error);
  return [
    ...complaints.map((complaint) => {
      const { path } = complaint;
      if (complaint.kind === "unknown") return { path, message: unknownKeyText(path) };
      if (path.length === 0) return { path, message: `The file must be ${complaint.expected}, like "port: 8080".` };
      return { path, message: valueText(path, valueAt(content, path), complaint.expected) };
    }),
    ...sourcesTwice(content),
  ];
}

function sourcesTwice(content: unknown): { path: Path; message: string }[] {
  return Object.entries(mapping(valueAt(content, ["models"]))).flatMap(([name, options]) => {
    const { model, source } = mapping(options);
    if (model === undefined || source === undefined) return [];
    const path = ["models", name, "model"];
    return [
      { path, message: `"${keyText(path)}" is another name of "source", which is there, too. Leave one of them out.` },
    ];
  });
}

function mapping(value: unknown): Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function settingOf(option: string, value: unknown, file: string, place: Place | null): Setting {
  const origin = { kind: "file", name: file, line: place?.line ?? null, column: place?.column ?? null } as const;
  return { value: fromFile(option, value, file), origin };
}

/** Paths in a file are relative to it: a service started elsewhere means the same model. */
function fromFile(option: string, value: unknown, file: string): unknown {
  if (typeof value !== "string") return value;
  const isPath = option === "apiKeyFile" ? !value.startsWith(CREDENTIALS) : option === "source" && value !== "echo";
  return isPath ? resolve(dirname(file), value) : value;
}
