/** A setting, or one that stands several times. An empty text resets what a system may have set. */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

export interface Section {
  readonly name: "Unit" | "Service" | "Socket" | "Slice" | "Install";
  readonly settings: Settings;
}

/** @param title its first line, for whoever opens the file */
export function renderUnit(title: string, sections: readonly Section[]): string {
  const blocks = sections.map(({ name, settings }) => {
    const lines = Object.entries(settings).flatMap(([key, value]) =>
      (typeof value === "string" ? [value] : value).map((each) => `${key}=${each}`),
    );
    return [`[${name}]`, ...lines].join("\n");
  });
  return `${[`# ${title}`, ...blocks].join("\n\n")}\n`;
}

/** One word of a command line, as systemd reads it. */
export function word(text: string): string {
  return quoted(text.replaceAll("$", "$$$$"));
}

/** One word of a list. */
export function quoted(text: string): string {
  const literal = literally(text);
  return /^[\w@%+=:,./$-]+$/.test(literal) ? literal : `"${literal.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** What stands by itself behind the equals sign. */
export function literally(text: string): string {
  return text.replaceAll("%", "%%");
}
