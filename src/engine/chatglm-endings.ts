import type { Signs } from "./ending.ts";

/** Of chatglm-server: one line `error: ...` each. */
export const chatglmEndings: Signs = [
  [/^error: out of memory/m, "out-of-memory"],
  [/^error: couldn't bind /m, "port-taken"],
  [/^error: invalid argument: /m, "bad-flag"],
  [/^error: cannot open /m, "model-missing"],
  [/^error: broken model file /m, "model-broken"],
];
