import { CorralError } from "../errors.ts";

/**
 * Flags of llama-server v0.5.0 that corral sets itself, or that would open a worker to others, with what to use
 * instead. All else may be passed through: it comes behind corral's own flags, and the last one wins.
 */
const OWNED: readonly { readonly flags: string; readonly instead: string }[] = [
  { flags: "-m --model", instead: "use the option `model`" },
  {
    flags:
      "-mu --model-url -dr --docker-repo -hf -hfr --hf-repo -hff --hf-file -hft --hf-token --embd-gemma-default " +
      "--fim-qwen-1.5b-default --fim-qwen-3b-default --fim-qwen-7b-default --fim-qwen-7b-spec --fim-qwen-14b-spec " +
      "--fim-qwen-30b-default --gpt-oss-20b-default --gpt-oss-120b-default --vision-gemma-4b-default " +
      "--vision-gemma-12b-default",
    instead: "workers are offline: download the model and give its file as the option `model`",
  },
  {
    flags: "--models-dir --models-preset --models-max --models-autoload --no-models-autoload",
    instead: "one pool serves one model: make a pool for each",
  },
  { flags: "-a --alias", instead: "use the option `name`" },
  { flags: "--host --port --reuse-port", instead: "use the option `transport`; clients connect to the gateway" },
  { flags: "--api-prefix --path --ssl-key-file --ssl-cert-file", instead: "put it in front of the gateway" },
  { flags: "-t --threads -tb --threads-batch", instead: "use the option `threads`" },
  {
    flags:
      "-C --cpu-mask -Cr --cpu-range --cpu-strict -Cb --cpu-mask-batch -Crb --cpu-range-batch --cpu-strict-batch --numa",
    instead: "corral pins each worker itself: use the options `workers` and `threads`",
  },
  { flags: "-np --parallel", instead: "use the option `slots`" },
  { flags: "-c --ctx-size --kv-unified-per-slot", instead: "use the option `context`" },
  { flags: "-kvu --kv-unified -no-kvu --no-kv-unified", instead: "use the option `sharedCache`" },
  { flags: "-cram --cache-ram", instead: "use the option `promptCache`" },
  { flags: "--slot-save-path", instead: "use the option `hotPrompts`" },
  {
    flags: "-ctk --cache-type-k -ctv --cache-type-v",
    instead: "the memory ledger counts by it: use the option `keyValueType`",
  },
  { flags: "--repack -nr --no-repack", instead: "use the option `repack`" },
  {
    flags: "--api-key --api-key-file",
    instead: "use the gateway's option `apiKeys`; each worker gets a key of its own",
  },
  {
    flags: "--cors-origins --cors-methods --cors-headers --cors-credentials --no-cors-credentials",
    instead: "browsers speak to the gateway, never to a worker: leave it out",
  },
  {
    flags:
      "--ui --webui --no-ui --no-webui --ui-config --webui-config --ui-config-file --webui-config-file --ui-mcp-proxy " +
      "--webui-mcp-proxy --no-ui-mcp-proxy --no-webui-mcp-proxy",
    instead: "workers have no user interface: leave it out",
  },
  {
    flags: "--tools --tools-runtime -ag --agent -no-ag --no-agent --mcp-servers-config --mcp-servers-json",
    instead: "workers run no tools: leave it out",
  },
  { flags: "--offline --slots --no-slots --metrics --props", instead: "corral sets it: leave it out" },
  { flags: "--sse-ping-interval --log-disable", instead: "corral watches the worker by it: leave it out" },
  {
    flags: "-h --help --usage --version -cl --cache-list --completion-bash --list-devices",
    instead: "it prints and ends: run the engine yourself for that",
  },
];

const INSTEAD = new Map(
  OWNED.flatMap(({ flags, instead }) => flags.split(" ").map((flag) => [flag, instead] as const)),
);

/** Every spelling that is refused. */
export const ownedFlags: readonly string[] = [...INSTEAD.keys()];

/** @throws CorralError CORRAL_BAD_OPTION for a flag that corral owns */
export function refuseOwnedFlags(args: readonly string[]): void {
  for (const arg of args) {
    const flag = canonical(arg);
    const instead = INSTEAD.get(flag);
    if (instead !== undefined) {
      throw new CorralError("CORRAL_BAD_OPTION", `the engine's flag ${flag} cannot be passed in \`args\`: ${instead}`, {
        facts: { option: "args", flag },
      });
    }
  }
}

/** The engine reads `--api_key` as `--api-key`. It does not know `--flag=value`, and may one day. */
function canonical(arg: string): string {
  const name = arg.split("=", 1)[0] ?? arg;
  return name.startsWith("--") ? name.replaceAll("_", "-") : name;
}
