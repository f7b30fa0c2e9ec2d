import type { Settings } from "./render.ts";

/**
 * What a process that serves HTTP and computes never needs. All of it works without privileges, so that a user's own
 * systemd can do it, too. Not here: MemoryDenyWriteExecute, with which Node can't compile; ProcSubset, which hides what
 * the plan reads of the machine. Calls outside the filter fail instead of killing: engines ask the kernel for things
 * (memory of a node, huge pages) and go on without.
 */
export const ANYWHERE: Settings = {
  NoNewPrivileges: "yes",
  LockPersonality: "yes",
  RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6",
  RestrictNamespaces: "yes",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  SystemCallArchitectures: "native",
  SystemCallFilter: "@system-service",
  SystemCallErrorNumber: "EPERM",
  UMask: "0077",
};

/** What only the system's systemd can take away. */
export const SYSTEM: Settings = {
  CapabilityBoundingSet: "",
  AmbientCapabilities: "",
  KeyringMode: "private",
  PrivateDevices: "yes",
  PrivateTmp: "yes",
  PrivateUsers: "yes",
  ProtectClock: "yes",
  ProtectControlGroups: "yes",
  ProtectHome: "tmpfs",
  ProtectHostname: "yes",
  ProtectKernelLogs: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelTunables: "yes",
  ProtectProc: "invisible",
  ProtectSystem: "strict",
  RemoveIPC: "yes",
};
