import { readFileSync } from "node:fs";
import { join } from "node:path";

export type ToolName = "c" | "c++" | "cmake" | "ninja" | "git" | "pip" | "linux-headers";
export type System = "debian" | "fedora" | "alpine" | "macos";

/** Which family this system is of; null for others. `root` holds etc/os-release. */
export function systemOf(root = "/", platform: NodeJS.Platform = process.platform): System | null {
  if (platform === "darwin") return "macos";
  let text: string;
  try {
    text = readFileSync(join(root, "etc/os-release"), "utf8");
  } catch {
    return null;
  }
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\n]*)`, "m").exec(text)?.[1] ?? "";
  const names = `${value("ID")} ${value("ID_LIKE")}`.split(/\s+/);
  if (names.includes("alpine")) return "alpine";
  if (names.some((name) => ["debian", "ubuntu"].includes(name))) return "debian";
  if (names.some((name) => ["fedora", "rhel", "centos", "amzn"].includes(name))) return "fedora";
  return null;
}

/** The command that installs `missing` here, and on the other systems. Several lines, without a line end. */
export function installHint(missing: readonly ToolName[], system: System | null = systemOf()): string {
  const lines = SYSTEMS.map((each) => ({ each, line: `${TITLES[each]}: ${installCommand(missing, each)}` }));
  const here = lines.filter(({ each }) => each === system).map(({ each }) => installCommand(missing, each));
  const elsewhere = lines.filter(({ each }) => each !== system).map(({ line }) => `  ${line}`);
  const head = here.length > 0 ? [`Install with: ${here.join()}`, "Elsewhere:"] : ["Install with:"];
  return [...head, ...elsewhere].join("\n");
}

export function installCommand(missing: readonly ToolName[], system: System): string {
  if (system === "macos") return installOnMacos(missing);
  const packages = [...new Set(missing.flatMap((tool) => PACKAGES[system][tool]))].join(" ");
  return `${INSTALLERS[system]} ${packages}`;
}

function installOnMacos(missing: readonly ToolName[]): string {
  const brewed = missing.filter((tool) => tool === "cmake" || tool === "ninja");
  const commands = [
    ...(missing.length > brewed.length ? ["xcode-select --install"] : []),
    ...(brewed.length > 0 ? [`brew install ${brewed.join(" ")}`] : []),
  ];
  return commands.join("; ");
}

const SYSTEMS = ["debian", "fedora", "alpine", "macos"] as const;

const TITLES: Readonly<Record<System, string>> = {
  debian: "Debian, Ubuntu",
  fedora: "Fedora, RHEL",
  alpine: "Alpine",
  macos: "macOS",
};

const INSTALLERS = {
  debian: "sudo apt-get install -y",
  fedora: "sudo dnf install -y",
  alpine: "apk add",
} as const;

const PACKAGES: Readonly<Record<Exclude<System, "macos">, Readonly<Record<ToolName, readonly string[]>>>> = {
  debian: {
    c: ["gcc", "libc6-dev"],
    "c++": ["g++"],
    cmake: ["cmake"],
    ninja: ["ninja-build"],
    git: ["git"],
    pip: ["python3-pip"],
    "linux-headers": ["linux-libc-dev"],
  },
  fedora: {
    c: ["gcc"],
    "c++": ["gcc-c++"],
    cmake: ["cmake"],
    ninja: ["ninja-build"],
    git: ["git"],
    pip: ["python3-pip"],
    "linux-headers": ["kernel-headers"],
  },
  alpine: {
    c: ["gcc", "musl-dev", "linux-headers"],
    "c++": ["g++", "linux-headers"],
    cmake: ["cmake"],
    ninja: ["samurai"],
    git: ["git"],
    pip: ["py3-pip"],
    "linux-headers": ["linux-headers"],
  },
};
