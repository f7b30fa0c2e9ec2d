import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * How often the kernel has killed a process of our control group for want of memory, null where it does not tell. Read
 * before and after a worker's life: a higher number says why it got SIGKILL.
 *
 * @param root "/" but in tests
 */
export async function readOomKills(root = "/"): Promise<number | null> {
  const groups = await readText(join(root, "proc/self/cgroup"));
  for (const file of groups === null ? [] : oomFiles(groups)) {
    const kills = parseOomKills((await readText(join(root, file))) ?? "");
    if (kills !== null) return kills;
  }
  return null;
}

/**
 * Where the counter may be, the likeliest first. In a container the path of the host's view may not exist, and its own
 * group is at the top.
 */
export function oomFiles(procSelfCgroup: string): string[] {
  const lines = procSelfCgroup.split("\n").map((line) => line.split(":"));
  const v1 = lines.find(([, controllers = ""]) => controllers.split(",").includes("memory"))?.[2];
  const v2 = lines.find(([id, controllers]) => id === "0" && controllers === "")?.[2];
  return [
    ...(v1 === undefined
      ? []
      : [`sys/fs/cgroup/memory${v1}/memory.oom_control`, "sys/fs/cgroup/memory/memory.oom_control"]),
    ...(v2 === undefined ? [] : [`sys/fs/cgroup${v2}/memory.events`, "sys/fs/cgroup/memory.events"]),
  ];
}

/** Both files have a line `oom_kill N`. */
function parseOomKills(text: string): number | null {
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
