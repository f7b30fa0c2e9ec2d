import path from "node:path";
import type { ReadText } from "./text-file.ts";

/** The folders whose limits bind this process. */
export interface Cgroups {
  /** See Machine.cgroup. */
  readonly version: 1 | 2 | null;
  /**
   * The folders of one controller ("cpu", "memory", "cpuset"), in v1 and v2 hierarchies, the process's own first and
   * the mount's root last. Some may not exist: without a cgroup namespace of its own, a container is told the host's
   * path but sees only what is mounted, and then the root is what binds it. Every limit on the way counts.
   */
  levels(controller: string): readonly string[];
}

interface Mount {
  readonly version: 1 | 2;
  /** Of v1; a v2 mount has them all. */
  readonly controllers: readonly string[];
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
}

/** Reads /proc/self/cgroup and /proc/self/mountinfo. Without cgroups there are no levels. */
export async function readCgroups(read: ReadText): Promise<Cgroups> {
  const mounts = parseMounts((await read("/proc/self/mountinfo")) ?? "");
  const memberships = parseMemberships((await read("/proc/self/cgroup")) ?? "");
  const governing = memberships.filter(({ version, controllers }) => version === 2 || controllers.some(isLimiting));
  return {
    version: governing.some(({ version }) => version === 1) ? 1 : (governing[0]?.version ?? null),
    levels: (controller) =>
      memberships
        .filter(({ version, controllers }) => version === 2 || controllers.includes(controller))
        .flatMap((membership) => {
          const mount = mounts.find(
            ({ version, controllers }) =>
              version === membership.version && (version === 2 || controllers.includes(controller)),
          );
          return mount ? foldersUp(mount, membership.path) : [];
        }),
  };
}

const isLimiting = (controller: string) => ["cpu", "memory", "cpuset"].includes(controller);

/** Lines of /proc/self/cgroup: "4:memory:/a/b" of v1, "0::/a/b" of v2. */
function parseMemberships(text: string): { version: 1 | 2; controllers: string[]; path: string }[] {
  return [...text.matchAll(/^(\d+):([^:\n]*):(\/.*)$/gm)].map(([, id, names = "", path = "/"]) => ({
    version: id === "0" && names === "" ? 2 : 1,
    controllers: names.split(","),
    path,
  }));
}

/** Lines of /proc/self/mountinfo: "31 23 0:28 ROOT POINT options optional... - TYPE source SUPEROPTIONS". */
function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [, , , root, point] = line.split(" ");
    const [type, , superOptions = ""] = line.slice(line.indexOf(" - ") + 3).split(" ");
    if (!root || !point || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [
      {
        version: type === "cgroup2" ? 2 : 1,
        controllers: superOptions.split(","),
        root: unescapeMount(root),
        point: unescapeMount(point),
      },
    ];
  });
}

/** The kernel writes blanks and backslashes of paths in octal: "\040". */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function foldersUp({ root, point }: Mount, group: string): string[] {
  const inside = path.posix.relative(root, group);
  // A group outside this namespace is written "/../x": nothing of it can be seen but the mount's root.
  const below = inside.startsWith("..") ? path.posix.normalize(group) : inside;
  const steps = below.split("/").filter(Boolean);
  return Array.from({ length: steps.length + 1 }, (_, up) =>
    path.posix.join(point, ...steps.slice(0, steps.length - up)),
  );
}
