import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** The socket of the only instance, or of the first. */
export const SOCKET = "admin.sock";
/** Where a system service has it. */
const SYSTEM = "/run/corral";

type Environment = Readonly<Record<string, string | undefined>>;

/** The socket of an instance beside another one. */
export function socketBeside(pid: number): string {
  return `admin-${pid}.sock`;
}

export function isSocketName(name: string): boolean {
  return /^admin(-\d+)?\.sock$/.test(name);
}

/**
 * The folder in which an instance has its admin socket: what systemd made for it, else $CORRAL_STATE_DIR, else corral's
 * folder in $XDG_STATE_HOME or ~/.local/state; /run/corral for root without a home. Pure.
 */
export function adminFolder(env: Environment, uid: number | null, home: () => string = homedir): string {
  // systemd names several folders where a unit asks for several.
  const [runtime] = (env.RUNTIME_DIRECTORY ?? "").split(":");
  if (runtime) return runtime;
  if (env.CORRAL_STATE_DIR) return resolve(env.CORRAL_STATE_DIR);
  const xdg = env.XDG_STATE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, "corral");
  if (uid === 0 && !env.HOME) return SYSTEM;
  return join(env.HOME || home(), ".local", "state", "corral");
}

/** Where commands look for instances: their own folder, and those of system and user services. Pure. */
export function searchedFolders(env: Environment, uid: number | null, home: () => string = homedir): string[] {
  const ofUser = env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, "corral")] : [];
  return [...new Set([adminFolder(env, uid, home), ...ofUser, SYSTEM])];
}
