import type { SourcePin } from "./pin.ts";
import type { ChannelName } from "./source.ts";

/** What a channel is asked to do. */
export interface Delivery {
  readonly pin: SourcePin;
  /** An empty folder of the channel's own, removed afterwards. */
  readonly scratch: string;
  /** Progress of a download; `total` is null when it is not known. */
  readonly onBytes: (bytes: number, total: number | null) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * One way for a source to come here. A new one is a file with one such object, named in obtain.ts; the caller proves
 * what was delivered.
 */
export interface Channel {
  readonly name: ChannelName;
  /** The tree is the caller's own: used where it lies, and a wrong one is an error instead of a reason to go on. */
  readonly local: boolean;
  /** Where it looks, for people; null when the pin does not offer this channel. */
  detail(pin: SourcePin): string | null;
  /**
   * Resolves to the folder with the tree: inside `scratch`, or the local one. Rejects within seconds when the other
   * side can't be reached; the innermost cause's message is what people read behind the channel's name.
   */
  deliver(delivery: Delivery): Promise<string>;
}
