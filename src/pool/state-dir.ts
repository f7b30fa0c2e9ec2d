import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder for what pools know beyond their end: what systemd keeps for the service, else $CORRAL_STATE_DIR, else
 * corral's folder in $XDG_STATE_HOME or ~/.local/state. Pure.
 */
export function stateDir(env: Environment = process.env, home: () => string = homedir): string {
  // systemd names several folders where a unit asks for several.
  const [ofService] = (env.STATE_DIRECTORY ?? "").split(":");
  if (ofService) return ofService;
  if (env.CORRAL_STATE_DIR) return resolve(env.CORRAL_STATE_DIR);
  const xdg = env.XDG_STATE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, "corral");
  return join(env.HOME || home(), ".local", "state", "corral");
}
