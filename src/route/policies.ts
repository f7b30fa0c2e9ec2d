import { consistentHash } from "./consistent-hash.ts";
import { leastBusy } from "./least-busy.ts";
import type { Policy, PolicyName } from "./policy.ts";
import { predictedTime } from "./predicted-time.ts";
import { roundRobin } from "./round-robin.ts";

/** All that can be chosen, the default first. */
export const POLICIES = [predictedTime, leastBusy, roundRobin, consistentHash] as const satisfies readonly Policy[];

export function policyNamed(name: PolicyName): Policy {
  return POLICIES.find((policy) => policy.name === name) ?? predictedTime;
}
