import type { ServiceFacts, Unit } from "./facts.ts";
import { ANYWHERE, SYSTEM } from "./hardening.ts";
import { literally, quoted, renderUnit, type Settings, word } from "./render.ts";

/** What Node and what it buffers may take beside the models. */
const GATEWAY_MEMORY = 512 * 1024 * 1024;
/** Seconds beside the drain: the workers' own end, and systemd's. */
const STOP_MARGIN = 15;
/** Of 100, which everything else has: a machine that computes all day must still let somebody log in. */
const CPU_WEIGHT = "50";

/** The files that make corral a service. Pure. */
export function unitsFor(facts: ServiceFacts): Unit[] {
  const texts = [service(facts), socket(facts), build(facts), slice(facts)];
  return unitFiles(facts.name).map((file, index) => ({ file, text: texts[index] ?? "" }));
}

/** "corral.service" and those that belong to it. */
export function unitFiles(name: string): string[] {
  return [`${name}.service`, `${name}.socket`, `${name}-build.service`, `${name}.slice`];
}

function service(facts: ServiceFacts): string {
  const { name, run, memory, drain, apiKeyFile } = facts;
  const credential = apiKeyFile !== null && run.kind !== "session" ? apiKeyFile : null;
  return renderUnit(`Written by \`corral service install\`; changes belong into \`systemctl edit ${name}\`.`, [
    {
      name: "Unit",
      settings: {
        Description: "corral: language models on CPUs",
        Requires: [`${name}.socket`, `${name}-build.service`],
        After: [`${name}.socket`, `${name}-build.service`, "network.target"],
        // It is tried again for ever: a file that is mended must not need a hand.
        StartLimitIntervalSec: "0",
      },
    },
    {
      name: "Service",
      settings: {
        Type: "notify",
        NotifyAccess: "all",
        ...command(facts, ["serve", "--config", facts.config]),
        ExecReload: "/bin/sh -c 'kill -HUP $MAINPID'",
        Environment: [
          ...folders(facts),
          ...(run.kind === "session" ? [] : [`XDG_RUNTIME_DIR=%t/${name}`]),
          "CORRAL_LISTEN=systemd",
          ...(credential === null ? [] : ["CORRAL_API_KEY_FILE=%d/api-keys"]),
        ],
        ...(credential === null ? {} : { LoadCredential: `api-keys:${literally(credential)}` }),
        Restart: "always",
        RestartSec: "1",
        WatchdogSec: "30",
        // Beyond it a start says that it is getting somewhere.
        TimeoutStartSec: "90",
        TimeoutStopSec: `${Math.ceil(drain / 1000) + STOP_MARGIN}`,
        KillMode: "mixed",
        // What is stuck hears no other signal, and a core dump would hold what people asked.
        WatchdogSignal: "SIGKILL",
        // A worker that dies for want of memory is replaced; the others go on.
        OOMPolicy: "continue",
        ...(memory === null ? {} : { MemoryMax: `${memory + GATEWAY_MEMORY}` }),
        LimitNOFILE: "65536",
        LimitMEMLOCK: "infinity",
        ...(run.kind === "session" ? {} : { RuntimeDirectory: name }),
        ...sandbox(facts),
      },
    },
    { name: "Install", settings: { WantedBy: run.kind === "session" ? "default.target" : "multi-user.target" } },
  ]);
}

/** Held by systemd whether the service runs or not: nobody is refused while it restarts. */
function socket({ name, sockets }: ServiceFacts): string {
  return renderUnit(`The addresses of ${name}.service; written by \`corral service install\`.`, [
    { name: "Unit", settings: { Description: "corral: where it listens" } },
    {
      name: "Socket",
      settings: {
        ListenStream: sockets.map(literally),
        SocketMode: "0660",
        Backlog: "4096",
        NoDelay: "yes",
        KeepAlive: "yes",
        // An address that comes up later, as at boot.
        FreeBind: "yes",
      },
    },
    { name: "Install", settings: { WantedBy: "sockets.target" } },
  ]);
}

/** By itself, and without a limit, so that a start never waits for a compiler. */
function build(facts: ServiceFacts): string {
  const { name, engines } = facts;
  const commands = engines.map((engine) => command(facts, ["build", engine]).ExecStart);
  return renderUnit(`Builds what ${name}.service runs, once; written by \`corral service install\`.`, [
    {
      name: "Unit",
      settings: {
        Description: "corral: build of the engines for this CPU",
        Before: `${name}.service`,
        Wants: "network-online.target",
        After: "network-online.target",
      },
    },
    {
      name: "Service",
      settings: {
        Type: "oneshot",
        RemainAfterExit: "yes",
        ExecStart: commands,
        Environment: folders(facts),
        TimeoutStartSec: "infinity",
        Restart: "on-failure",
        RestartSec: "60",
        ...sandbox(facts),
      },
    },
  ]);
}

function slice({ name }: ServiceFacts): string {
  return renderUnit(`The CPU time of ${name}; written by \`corral service install\`.`, [
    { name: "Unit", settings: { Description: "corral: its share of the machine" } },
    { name: "Slice", settings: { CPUWeight: CPU_WEIGHT } },
  ]);
}

function command({ node, main }: ServiceFacts, args: readonly string[]): { readonly ExecStart: string } {
  return { ExecStart: [node, main, ...args].map(word).join(" ") };
}

/** Where things lie. A user's own systemd leaves them where the user's other programs have them. */
function folders({ name, run }: ServiceFacts): string[] {
  return run.kind === "session"
    ? []
    : [`HOME=%S/${name}`, `CORRAL_STATE_DIR=%S/${name}`, `CORRAL_CACHE_DIR=%C/${name}`];
}

function sandbox({ name, run, shown }: ServiceFacts): Settings {
  const slice = { Slice: `${name}.slice` };
  if (run.kind === "session") return { ...slice, ...ANYWHERE };
  return {
    ...slice,
    ...(run.kind === "dynamic" ? { DynamicUser: "yes", User: name } : { User: run.user }),
    StateDirectory: name,
    CacheDirectory: name,
    ...ANYWHERE,
    ...SYSTEM,
    ...(shown.length > 0 ? { BindReadOnlyPaths: shown.map(quoted) } : {}),
  };
}
