import { Option } from "commander";
import { type AdminClient, findAdmin } from "../index.ts";

/** What every command to a running corral takes. */
export interface RunningFlags {
  readonly admin?: string | undefined;
}

export function adminOption(): Option {
  return new Option(
    "--admin <path>",
    "the admin socket of the corral that is meant (default: the one that runs here)",
  ).env("CORRAL_ADMIN");
}

export const EXIT_CODES = "Exit code 3 if no corral runs here, 1 if it could not do as asked, 2 for wrong usage.";

/** @throws CorralError CORRAL_NOT_RUNNING, CORRAL_BAD_OPTION where several run */
export async function running({ admin }: RunningFlags): Promise<AdminClient> {
  // An empty variable counts as not set.
  return await findAdmin(admin || undefined);
}

/** "3.2 s", for what was waited for. @param since performance.now() */
export function secondsSince(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
